import { type AuthorityStatusMessage, adoptAuthorityChain, requestAuthority } from "@kasbah/protocol";
import type { Logger } from "@kasbah/runtime";
import { type Route, unaryRoute } from "@kasbah/runtime/rpc";
import type { AuthorityRequestDesk } from "../authorities/requests/authority-requests.ts";
import type { OperatorLog } from "../recording/operator-log.ts";
import { operatorHeader } from "./admin-routes.ts";

export interface RequestRoutesDeps {
  readonly requests: Pick<AuthorityRequestDesk, "create" | "adopt">;
  readonly status: () => AuthorityStatusMessage;
  readonly log: Pick<OperatorLog, "record">;
  readonly logger: Logger;
}

/** The operator's CSRs for the company's PKI. Each action is recorded; no PEM reaches the log or the ledger. */
export function createRequestRoutes(deps: RequestRoutesDeps): Route[] {
  const { requests, status, log, logger } = deps;
  const recorded = <T>(act: string, operators: readonly string[], work: () => Promise<T>) => {
    const [operatorUnverified] = operators;
    logger.info("operator action requested", { act, operatorUnverified });
    return log.record({ act, arguments: undefined, operatorUnverified }, work);
  };
  return [
    unaryRoute({
      path: requestAuthority.path,
      decode: requestAuthority.request.decode,
      encode: requestAuthority.response.encode,
      handle: (call) => recorded("create-request", call.metadata(operatorHeader), () => requests.create()),
    }),
    unaryRoute({
      path: adoptAuthorityChain.path,
      decode: adoptAuthorityChain.request.decode,
      encode: adoptAuthorityChain.response.encode,
      handle: (call) =>
        recorded("adopt-chain", call.metadata(operatorHeader), async () => {
          await requests.adopt(call.request());
          return status();
        }),
    }),
  ];
}
