import { acceptClock, type ClockStatusMessage, getClockStatus } from "@kasbah/protocol";
import type { Logger } from "@kasbah/runtime";
import { type Route, unaryRoute } from "@kasbah/runtime/rpc";
import type { OperatorLog } from "../recording/operator-log.ts";
import { actionOf, loggedAction } from "./operator-action.ts";

/** The clock, for operators. */
export interface ClockOperations {
  status(): ClockStatusMessage;
  /** @throws OperationError if the clock cannot be right */
  accept(): Promise<ClockStatusMessage>;
}

export interface ClockRoutesDeps {
  readonly clock: ClockOperations;
  readonly log: Pick<OperatorLog, "record">;
  readonly logger: Logger;
}

/** `kasbah.v1.ClockAdmin`. The CA records that an operator vouched for the clock. */
export function createClockRoutes({ clock, log, logger }: ClockRoutesDeps): Route[] {
  return [
    unaryRoute({
      path: getClockStatus.path,
      decode: getClockStatus.request.decode,
      encode: getClockStatus.response.encode,
      handle: async () => clock.status(),
    }),
    unaryRoute({
      path: acceptClock.path,
      decode: acceptClock.request.decode,
      encode: acceptClock.response.encode,
      handle: async (call) => {
        const { trustedTime, wallTime } = clock.status();
        const action = actionOf(call, "accept-clock", {
          trustedTime: trustedTime.toISOString(),
          wallTime: wallTime.toISOString(),
        });
        const recorded = () => log.record(action, () => clock.accept());
        return loggedAction(action, recorded, logger, ({ replaced }) => ({ replaced: replaced.join(", ") }));
      },
    }),
  ];
}
