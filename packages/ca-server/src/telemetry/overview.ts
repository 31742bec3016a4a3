import type { SpaceUse } from "@kasbah/ledger";
import type { ClockStatusMessage, OverviewMessage, OverviewRequest } from "@kasbah/protocol";
import { type Readiness, storageFailure } from "@kasbah/runtime";
import type { Activity } from "./activity.ts";
import type { ServerGauges } from "./metrics.ts";

/** The parts of the CA that an overview shows. */
export interface OverviewDeps {
  readonly version: string;
  /** The name of this replica. */
  readonly replica: string;
  readonly trustDomain: string;
  readonly startedAt: Date;
  readonly role: () => OverviewMessage["role"];
  readonly readiness: () => Readiness;
  readonly activity: Pick<Activity, "read">;
  readonly ledger: {
    readonly log: { readonly writable: boolean; readonly failure?: unknown; readonly size: number };
    readonly tree: { readonly signedSize: number };
    readonly loss: { readonly open: { readonly found: string } | undefined };
    readonly space: { readonly use: SpaceUse };
    readonly identities: {
      totals(now: Date, request: OverviewRequest): Promise<OverviewMessage["identities"]>;
    };
  };
  readonly port: Pick<ServerGauges, "connections" | "maxConnections" | "inFlight" | "waiting" | "processes">;
  readonly clock: { status(): Pick<ClockStatusMessage, "state" | "reason" | "trustedTime" | "wallTime"> };
}

/** Reads how the CA is. Every part is kept in memory, so it costs the same however long the ledger is. */
export async function readOverview(deps: OverviewDeps, request: OverviewRequest): Promise<OverviewMessage> {
  const { version, replica, trustDomain, startedAt, ledger } = deps;
  const { trustedTime: now, wallTime, state, reason } = deps.clock.status();
  const { ready, reasons, warnings = [] } = deps.readiness();
  return {
    ...{ version, replica, trustDomain, now, startedAt, ready, reasons, warnings },
    role: deps.role(),
    activity: deps.activity.read(now),
    ledger: ledgerState(ledger),
    port: portState(deps),
    identities: await ledger.identities.totals(now, request),
    clock: { state, reason, wallTime },
  };
}

function ledgerState({ log, tree, loss, space }: OverviewDeps["ledger"]): OverviewMessage["ledger"] {
  const { bytes, maxBytes = 0, volume } = space.use;
  return {
    writable: log.writable,
    failure: log.writable ? "" : failureOf(log.failure),
    ...{ entries: log.size, signed: tree.signedSize },
    ...{ bytes, limitBytes: maxBytes, diskFree: volume.free, diskSize: volume.size },
    loss: loss.open?.found ?? "",
  };
}

function failureOf(failure: unknown): string {
  return failure === undefined ? "it cannot be written" : storageFailure(failure);
}

/** The endpoint has getters, which a spread would drop. */
function portState({ port }: Pick<OverviewDeps, "port">): OverviewMessage["port"] {
  const { connections, maxConnections, inFlight, waiting, processes: workers } = port;
  return { connections, maxConnections, inFlight, waiting, workers };
}
