import { type MovedStateMessage, moveCaState, type StateHome } from "@kasbah/protocol";
import type { Logger } from "@kasbah/runtime";
import { type Route, unaryRoute } from "@kasbah/runtime/rpc";
import type { OperatorLog } from "../recording/operator-log.ts";
import { actionOf, loggedAction } from "./operator-action.ts";

/** Moves the state of a running CA. @throws OperationError, StateError */
export type StateMover = (to: StateHome) => Promise<MovedStateMessage>;

export interface StateRoutesDeps {
  readonly move: StateMover;
  readonly log: Pick<OperatorLog, "record">;
  readonly logger: Logger;
}

/** `kasbah.v1.StateAdmin`. The CA logs a move and records it in the ledger. */
export function createStateRoutes({ move, log, logger }: StateRoutesDeps): Route[] {
  const { path, request, response } = moveCaState;
  return [
    unaryRoute({
      path,
      decode: request.decode,
      encode: response.encode,
      handle: async (call) => {
        const { to } = call.request();
        const action = actionOf(call, "move", { to });
        return loggedAction(
          action,
          () => log.record(action, () => move(to)),
          logger,
          (moved) => ({ ...moved }),
        );
      },
    }),
  ];
}
