import { prepareLedgerDirectory } from "@kasbah/ledger";
import { cronSweep, type Logger } from "@kasbah/runtime";
import type { TrustedClock } from "../clock/trusted-clock.ts";
import type { ServerConfig } from "../config/config.ts";
import { type CaLedger, createLedger, type LedgerDeps } from "../recording/create-ledger.ts";
import type { StateDirectory } from "../store/state-directory.ts";

export interface OpenLedgerDeps extends Pick<LedgerDeps, "newKey" | "metrics" | "anchors"> {
  readonly config: Pick<
    ServerConfig,
    "trustDomain" | "ledgerRetention" | "ledgerMaxBytes" | "strictLedger" | "checkpointTo"
  >;
  readonly state: StateDirectory;
  readonly clock: TrustedClock;
  readonly logger: Logger;
}

/** Opens the ledger in the state directory. */
export async function openLedger({ config, state, clock, ...deps }: OpenLedgerDeps): Promise<CaLedger> {
  return createLedger({
    ...deps,
    directory: await prepareLedgerDirectory(state.ledger),
    trustDomain: config.trustDomain.name,
    retentionMs: config.ledgerRetention,
    spaceLimit: config.ledgerMaxBytes,
    strict: config.strictLedger,
    checkpointTo: config.checkpointTo,
    sweeps: {
      second: cronSweep("* * * * * *"),
      minute: cronSweep("45 * * * * *"),
      hour: cronSweep("0 17 * * * *"),
      anchor: cronSweep("43 */5 * * * *"),
      copy: cronSweep("*/10 * * * * *"),
      space: cronSweep("*/10 * * * * *"),
    },
    holds: () => clock.holds(),
    clock,
  });
}
