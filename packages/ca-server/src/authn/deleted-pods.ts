import { CaError } from "../errors.ts";
import type { Caller } from "../issuance/ports.ts";
import type { DeletedPods } from "./ports.ts";
import type { TokenAuthenticator } from "./token-authenticator.ts";

export interface PodBindingDeps {
  /** Whether the CA's own cluster issued the token of this caller. */
  readonly isOurs: (caller: Caller) => boolean;
  /** Undefined if the CA does not watch pods. */
  readonly pods: Pick<DeletedPods, "isGone"> | undefined;
  readonly markOf: (podUid: string) => string | undefined;
}

/**
 * Rejects the token of a deleted pod immediately, although a cached review or a key set would accept it for longer, and
 * binds the certificates of all other callers to their pods.
 */
export function boundToPods(authenticator: TokenAuthenticator, deps: PodBindingDeps): TokenAuthenticator {
  return {
    kind: authenticator.kind,
    checks: (token) => authenticator.checks(token),
    async authenticate(token) {
      const caller = await authenticator.authenticate(token);
      return deps.isOurs(caller) ? bind(caller, deps) : caller;
    },
  };
}

function bind(caller: Caller, { pods, markOf }: PodBindingDeps): Caller {
  const { spiffeId, pod } = caller;
  const namespace = spiffeId.workload?.namespace;
  if (namespace === undefined || pod === undefined) return caller;
  if (pods?.isGone(namespace, pod.uid)) throw callerDeleted("the pod that the token is bound to was deleted");
  const podMark = markOf(pod.uid);
  return podMark === undefined ? caller : { ...caller, podMark };
}

/** No other credential of the call counts. */
export function callerDeleted(problem: string, cause?: unknown): CaError {
  return new CaError("CALLER_DELETED", problem, {
    fix: "use the token of an existing pod of this cluster",
    cause,
  });
}
