import type { SpaceUse } from "@kasbah/ledger";
import {
  type Clock,
  createRegistry,
  type ExportCounts,
  type Readiness,
  type Registry,
  registerExportCounts,
} from "@kasbah/runtime";
import { Activity, countActivity, countHandshakes } from "./activity.ts";
import {
  type AuthorityGauges,
  registerAuthorityMetrics,
  registerRootFileGauge,
} from "./authority-metrics.ts";
import { type ClockGauges, registerClockGauges } from "./clock-metrics.ts";
import { createLedgerMetrics, type LedgerMetrics, registerLedgerGauges } from "./ledger-metrics.ts";
import {
  type CaMetrics,
  createCaMetrics,
  registerPublisherGauge,
  registerServerGauges,
  type ServerGauges,
} from "./metrics.ts";
import { createUnauthenticatedMetrics, type UnauthenticatedMetrics } from "./unauthenticated-metrics.ts";

/** The CA's metrics. */
export interface Telemetry {
  readonly registry: Registry;
  readonly calls: CaMetrics;
  readonly ledger: LedgerMetrics;
  readonly unauthenticated: UnauthenticatedMetrics;
  /** What the same events were in the last hour. */
  readonly activity: Pick<Activity, "read">;
  readonly traces: ExportCounts;
  /** Registers the gauges that are read at each scrape. */
  observe(sources: ObservedSources): void;
}

/** The parts of the CA whose state the gauges show. */
interface ObservedSources {
  readonly authorities: AuthorityGauges;
  readonly roots: { readonly skippedRoots: number };
  readonly readiness: () => Readiness;
  readonly grpc: ServerGauges;
  readonly ledger: {
    readonly log: { readonly size: number };
    readonly tree: { readonly signedSize: number };
    readonly loss: { readonly open: unknown };
    readonly space: { readonly use: SpaceUse };
  };
  /** Undefined outside Kubernetes. */
  readonly kubernetes: { readonly conflicts: number } | undefined;
  readonly clock: ClockGauges;
}

/** @param version of the package, for the metric that shows the build. */
export function createTelemetry(
  version: string,
  machineClock: Pick<Clock, "now" | "monotonicMs">,
): Telemetry {
  const activity = new Activity(machineClock);
  const registry = createRegistry({ name: "kasbah-server", version });
  return {
    registry,
    activity,
    calls: countActivity(createCaMetrics(registry), activity),
    ledger: createLedgerMetrics(registry),
    unauthenticated: countHandshakes(createUnauthenticatedMetrics(registry), activity),
    traces: registerExportCounts(registry, "kasbah_trace_spans"),
    observe({ authorities, roots, readiness, grpc, ledger, kubernetes, clock }) {
      const warnings = () => readiness().warnings ?? [];
      registerAuthorityMetrics(registry, authorities, warnings, () => clock.now());
      registerRootFileGauge(registry, roots);
      registerServerGauges(registry, grpc);
      registerClockGauges(registry, clock);
      registerLedgerGauges(registry, () => ({
        size: ledger.log.size,
        signedSize: ledger.tree.signedSize,
        isLost: ledger.loss.open !== undefined,
        space: ledger.space.use,
      }));
      if (kubernetes !== undefined) registerPublisherGauge(registry, kubernetes);
    },
  };
}
