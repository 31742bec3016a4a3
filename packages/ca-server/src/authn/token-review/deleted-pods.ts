import { CaError } from "../../errors.ts";
import type { Caller } from "../../issuance/ports.ts";
import type { DeletedPods } from "../ports.ts";

/**
 * Rejects the token of a deleted pod immediately, although a cached review or a key set would accept it for longer.
 *
 * @throws CaError `CALLER_DELETED`
 */
export function refuseDeleted(caller: Caller, deleted: Pick<DeletedPods, "isGone">): Caller {
  const { spiffeId, pod } = caller;
  const namespace = spiffeId.workload?.namespace;
  if (namespace === undefined || pod === undefined || !deleted.isGone(namespace, pod.uid)) return caller;
  throw callerDeleted("the pod that the token is bound to was deleted");
}

/** No other credential of the call counts. */
export function callerDeleted(problem: string, cause?: unknown): CaError {
  return new CaError("CALLER_DELETED", problem, {
    fix: "use the token of an existing pod of this cluster",
    cause,
  });
}
