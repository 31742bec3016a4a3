import { distrustAuthority, previewDistrust } from "@kasbah/protocol";
import type { Logger } from "@kasbah/runtime";
import { type Route, unaryRoute } from "@kasbah/runtime/rpc";
import type { CompromiseOperations } from "../authorities/compromise/operations.ts";
import type { OperatorLog } from "../recording/operator-log.ts";
import { actionOf, loggedAction } from "./operator-action.ts";

export interface CompromiseRoutesDeps {
  readonly compromise: CompromiseOperations;
  readonly log: Pick<OperatorLog, "recordFirst">;
  readonly logger: Logger;
}

/** The commands for a compromised key. Distrust is in the ledger before it takes effect. */
export function createCompromiseRoutes({ compromise, log, logger }: CompromiseRoutesDeps): Route[] {
  return [
    unaryRoute({
      path: previewDistrust.path,
      decode: previewDistrust.request.decode,
      encode: previewDistrust.response.encode,
      handle: (call) => compromise.previewDistrust(call.request().id),
    }),
    unaryRoute({
      path: distrustAuthority.path,
      decode: distrustAuthority.request.decode,
      encode: distrustAuthority.response.encode,
      handle: async (call) => {
        const { id } = call.request();
        const action = actionOf(call, "distrust", { id });
        const check = () => compromise.previewDistrust(id);
        const recorded = () => log.recordFirst(action, { check, work: () => compromise.distrust(id) });
        return loggedAction(action, recorded, logger, ({ epoch }) => ({ epoch }));
      },
    }),
  ];
}
