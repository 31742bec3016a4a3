import type { LogFacts, Logger } from "@kasbah/runtime";
import type { UnaryCall } from "@kasbah/runtime/rpc";
import type { OperatorAct } from "../recording/operator-log.ts";

/**
 * Node cannot identify the peer of a Unix socket, so the command states the operator's name, which is logged
 * as unverified.
 */
const operatorHeader = "kasbah-operator";

/** The action that a call requests, as the ledger records it. Arguments that are undefined are left out. */
export function actionOf(
  call: Pick<UnaryCall<unknown>, "metadata">,
  act: string,
  request: object = {},
): OperatorAct {
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  return {
    act,
    arguments: given.length === 0 ? undefined : Object.fromEntries(given),
    operatorUnverified: call.metadata(operatorHeader)[0],
  };
}

/** Logs the result of an operator's action, with facts about it. */
export async function loggedAction<T>(
  { act, arguments: request, operatorUnverified }: OperatorAct,
  work: () => Promise<T>,
  logger: Logger,
  factsOf: (result: T) => LogFacts,
): Promise<T> {
  const facts = { act, ...request, operatorUnverified };
  try {
    const result = await work();
    logger.info("operator action applied", { ...facts, ...factsOf(result) });
    return result;
  } catch (error) {
    logger.warn("operator action refused", { ...facts, error });
    throw error;
  }
}
