import {
  type AuthorityStatusMessage,
  abortRotation,
  continueRotation,
  getAuthorityStatus,
  type Method,
  pauseRotation,
  recallAuthority,
  resumeRotation,
  rotateAuthority,
} from "@kasbah/protocol";
import type { Logger } from "@kasbah/runtime";
import { type Route, type UnaryCall, unaryRoute } from "@kasbah/runtime/rpc";
import type { AuthorityOperations } from "../authorities/operations.ts";
import type { OperatorLog } from "../recording/operator-log.ts";
import { actionOf, loggedAction } from "./operator-action.ts";

export interface AdminRoutesDeps {
  readonly operations: AuthorityOperations;
  readonly log: Pick<OperatorLog, "record">;
  readonly logger: Logger;
}

/** `kasbah.v1.AuthorityAdmin` over the operations. The CA logs every action and records it in the ledger. */
export function createAdminRoutes({ operations, log, logger }: AdminRoutesDeps): Route[] {
  const act = <Request extends object>(
    name: string,
    { path, request, response }: Method<Request, AuthorityStatusMessage>,
    work: (request: Request) => Promise<AuthorityStatusMessage>,
  ) =>
    unaryRoute({
      path,
      decode: request.decode,
      encode: response.encode,
      handle: (call: UnaryCall<Request>) => {
        const request = call.request();
        const action = actionOf(call, name, request);
        const recorded = () => log.record(action, () => work(request));
        return loggedAction(action, recorded, logger, ({ epoch }) => ({ epoch }));
      },
    });
  return [
    unaryRoute({
      path: getAuthorityStatus.path,
      decode: getAuthorityStatus.request.decode,
      encode: getAuthorityStatus.response.encode,
      handle: async () => operations.status(),
    }),
    act("rotate", rotateAuthority, ({ kind }) => operations.rotate(kind)),
    act("recall", recallAuthority, ({ id }) => operations.recall(id)),
    act("continue-rotation", continueRotation, () => operations.continueRotation()),
    act("pause", pauseRotation, () => operations.pause()),
    act("resume", resumeRotation, () => operations.resume()),
    act("abort", abortRotation, (request) => operations.abort(request)),
  ];
}
