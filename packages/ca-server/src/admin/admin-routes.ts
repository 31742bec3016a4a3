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
import type { LogFacts, Logger } from "@kasbah/runtime";
import { type Route, type UnaryCall, unaryRoute } from "@kasbah/runtime/rpc";
import type { AuthorityOperations } from "../authorities/operations.ts";
import type { OperatorAct, OperatorLog } from "../recording/operator-log.ts";

export interface AdminRoutesDeps {
  readonly operations: AuthorityOperations;
  readonly log: Pick<OperatorLog, "record">;
  readonly logger: Logger;
}

/**
 * Node cannot identify the peer of a Unix socket, so the command states the operator's name, which is logged
 * as unverified.
 */
export const operatorHeader = "kasbah-operator";

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
        const operatorUnverified = call.metadata(operatorHeader)[0];
        const facts = { act: name, ...request, operatorUnverified };
        const operation = { act: name, arguments: argumentsOf(request), operatorUnverified };
        return logged(facts, () => log.record(operation, () => work(request)), logger);
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

/** The request's named arguments, or undefined if there are none. */
function argumentsOf(request: object): OperatorAct["arguments"] {
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

async function logged(
  facts: LogFacts,
  work: () => Promise<AuthorityStatusMessage>,
  logger: Logger,
): Promise<AuthorityStatusMessage> {
  try {
    const status = await work();
    logger.info("operator action applied", { ...facts, epoch: status.epoch });
    return status;
  } catch (error) {
    logger.warn("operator action refused", { ...facts, error });
    throw error;
  }
}
