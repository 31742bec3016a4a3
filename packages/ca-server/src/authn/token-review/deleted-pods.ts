import { CaError } from "../../errors.ts";
import type { Caller } from "../../issuance/ports.ts";

/** Which pods of this cluster were seen to go. */
export interface DeletedPods {
  isGone(namespace: string, uid: string): boolean;
}

/**
 * Ends the identity of a deleted pod at once, where a kept verdict on its token would go on for some seconds.
 *
 * @throws CaError `TOKEN_REJECTED`
 */
export function refuseDeleted(caller: Caller, deleted: DeletedPods): Caller {
  const { spiffeId, pod } = caller;
  const namespace = spiffeId.workload?.namespace;
  if (namespace === undefined || pod === undefined || !deleted.isGone(namespace, pod.uid)) return caller;
  throw new CaError("TOKEN_REJECTED", "the pod that the token is bound to was deleted", {
    fix: "use the token of a pod that still exists, from this cluster",
  });
}
