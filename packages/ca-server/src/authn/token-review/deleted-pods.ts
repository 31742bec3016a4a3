import { CaError } from "../../errors.ts";
import type { Caller } from "../../issuance/ports.ts";
import type { DeletedPods } from "../ports.ts";

/**
 * Rejects the token of a deleted pod immediately, although a cached review would accept it for some more seconds.
 *
 * @throws CaError `TOKEN_REJECTED`
 */
export function refuseDeleted(caller: Caller, deleted: DeletedPods): Caller {
  const { spiffeId, pod } = caller;
  const namespace = spiffeId.workload?.namespace;
  if (namespace === undefined || pod === undefined || !deleted.isGone(namespace, pod.uid)) return caller;
  throw new CaError("TOKEN_REJECTED", "the pod that the token is bound to was deleted", {
    fix: "use the token of an existing pod of this cluster",
  });
}
