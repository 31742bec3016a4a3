import { acceptLedgerLoss, getLedgerHeads, type KnownHeadsMessage } from "@kasbah/protocol";
import type { Logger } from "@kasbah/runtime";
import { type Route, unaryRoute } from "@kasbah/runtime/rpc";
import type { LedgerLossReport } from "../recording/anchors/ledger-loss.ts";
import type { OperatorLog } from "../recording/operator-log.ts";
import { actionOf, loggedAction } from "./operator-action.ts";

export interface LedgerRoutesDeps {
  readonly loss: Pick<LedgerLossReport, "open" | "requireOpen" | "accept">;
  readonly log: Pick<OperatorLog, "recordFirst">;
  readonly knownHeads: () => Promise<KnownHeadsMessage>;
  readonly logger: Logger;
}

/** `kasbah.v1.LedgerAdmin`. The acceptance of a loss is in the ledger before the CA stops reporting the loss. */
export function createLedgerRoutes({ loss, log, knownHeads, logger }: LedgerRoutesDeps): Route[] {
  const { path, request, response } = acceptLedgerLoss;
  return [
    unaryRoute({
      path: getLedgerHeads.path,
      decode: getLedgerHeads.request.decode,
      encode: getLedgerHeads.response.encode,
      handle: () => knownHeads(),
    }),
    unaryRoute({
      path,
      decode: request.decode,
      encode: response.encode,
      handle: async (call) => {
        const { reason } = call.request();
        const { found = "", evidence = "" } = loss.open ?? {};
        const action = actionOf(call, "accept-ledger-loss", { reason, found, evidence });
        const recorded = () =>
          log.recordFirst(action, { check: async () => loss.requireOpen(), work: () => loss.accept() });
        const accepted = await loggedAction(action, recorded, logger, () => ({}));
        return { found: accepted.found, evidence: accepted.evidence, lostAt: accepted.time };
      },
    }),
  ];
}
