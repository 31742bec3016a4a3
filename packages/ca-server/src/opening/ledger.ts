import { type CheckpointTarget, fileTarget, prepareLedgerDirectory } from "@kasbah/ledger";
import type { Logger } from "@kasbah/runtime";
import { cronSweep } from "@kasbah/runtime/cron";
import type { TrustedClock } from "../clock/trusted-clock.ts";
import type { ServerConfig } from "../config/config.ts";
import { peerMemoryPath } from "../recording/anchors/peers/memory.ts";
import { type CaLedger, createLedger, type LedgerDeps } from "../recording/create-ledger.ts";
import type { StateDirectory } from "../store/state-directory.ts";

export interface OpenLedgerDeps extends Pick<LedgerDeps, "newKey" | "metrics" | "anchors" | "replica"> {
  readonly config: Pick<
    ServerConfig,
    "trustDomain" | "ledgerRetention" | "ledgerMaxBytes" | "strictLedger" | "checkpointTo"
  >;
  /** The ConfigMap to which the checkpoint is copied; undefined if none is. */
  readonly configMap: CheckpointTarget | undefined;
  readonly state: StateDirectory;
  readonly clock: TrustedClock;
  readonly logger: Logger;
}

/** Opens the ledger in the state directory. */
export async function openLedger({
  config,
  state,
  configMap,
  clock,
  ...deps
}: OpenLedgerDeps): Promise<CaLedger> {
  const { file } = config.checkpointTo ?? {};
  return createLedger({
    ...deps,
    directory: await prepareLedgerDirectory(state.ledger),
    peersFile: peerMemoryPath(state.control),
    trustDomain: config.trustDomain.name,
    retentionMs: config.ledgerRetention,
    spaceLimit: config.ledgerMaxBytes,
    strict: config.strictLedger,
    checkpointTo: file === undefined ? configMap : fileTarget(file),
    sweeps: {
      second: cronSweep("* * * * * *"),
      minute: cronSweep("45 * * * * *"),
      hour: cronSweep("0 17 * * * *"),
      anchor: cronSweep("43 */5 * * * *"),
      // The API server stores each version of an object.
      copy: cronSweep(file === undefined ? "29 * * * * *" : "*/10 * * * * *"),
      space: cronSweep("*/10 * * * * *"),
    },
    holds: () => clock.holds(),
    clock,
  });
}
