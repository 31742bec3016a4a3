import { type AuthorityStatusMessage, adoptAuthorityChain, requestAuthority } from "@kasbah/protocol";
import type { Logger } from "@kasbah/runtime";
import { type Route, type UnaryCall, unaryRoute } from "@kasbah/runtime/rpc";
import type { AuthorityRequestDesk } from "../authorities/requests/authority-requests.ts";
import type { OperatorLog } from "../recording/operator-log.ts";
import { actionOf, loggedAction } from "./operator-action.ts";

export interface RequestRoutesDeps {
  readonly requests: Pick<AuthorityRequestDesk, "create" | "adopt">;
  readonly status: () => AuthorityStatusMessage;
  readonly log: Pick<OperatorLog, "record">;
  readonly logger: Logger;
}

/** The operator's CSRs for the company's PKI. Each action is recorded; no PEM reaches the log or the ledger. */
export function createRequestRoutes(deps: RequestRoutesDeps): Route[] {
  const { requests, status, log, logger } = deps;
  const recorded = <T>(call: Pick<UnaryCall<unknown>, "metadata">, act: string, work: () => Promise<T>) => {
    const action = actionOf(call, act);
    return loggedAction(
      action,
      () => log.record(action, work),
      logger,
      () => ({}),
    );
  };
  return [
    unaryRoute({
      path: requestAuthority.path,
      decode: requestAuthority.request.decode,
      encode: requestAuthority.response.encode,
      handle: (call) => recorded(call, "create-request", () => requests.create()),
    }),
    unaryRoute({
      path: adoptAuthorityChain.path,
      decode: adoptAuthorityChain.request.decode,
      encode: adoptAuthorityChain.response.encode,
      handle: (call) =>
        recorded(call, "adopt-chain", async () => {
          await requests.adopt(call.request());
          return status();
        }),
    }),
  ];
}
