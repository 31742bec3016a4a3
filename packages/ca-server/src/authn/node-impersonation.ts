import { PkiError, parseSpiffeId, type SpiffeId, type TrustDomain, type WorkloadName } from "@kasbah/pki";
import { CaError } from "../errors.ts";
import type { Caller, Impersonation } from "../issuance/ports.ts";
import type { PodSource } from "./ports.ts";

export interface NodeImpersonationDeps {
  /** `namespace/name` of the service accounts of node proxies (ztunnel). */
  readonly trustedAccounts: readonly string[];
  readonly pods: PodSource;
  readonly trustDomain: TrustDomain;
}

/**
 * Lets a node proxy request the identity of a pod on its own node, and no other identity. Unlike stock CAs,
 * it requires the CA's own trust domain in the requested name.
 */
export function createNodeImpersonation(deps: NodeImpersonationDeps): Impersonation {
  return {
    async impersonate(caller, identity) {
      const wanted = parseIdentity(identity, deps.trustDomain);
      refuseUntrusted(caller, deps.trustedAccounts);
      const node = await nodeOf(caller, deps.pods);
      if (!(await deps.pods.runsOn(node, wanted.workload))) {
        throw refused("no pod with that identity runs on the caller's node");
      }
      return wanted.spiffeId;
    },
  };
}

/**
 * Refuses every impersonation. A certificate with the proxy's own name would be wrong for the proxy's pod.
 */
export const noImpersonation: Impersonation = {
  async impersonate() {
    throw refused(
      "this CA does not let a caller request another workload's identity",
      "remove ImpersonatedIdentity from the request's metadata, or set --trusted-node-account",
    );
  },
};

function parseIdentity(
  identity: string,
  { name }: TrustDomain,
): { spiffeId: SpiffeId; workload: WorkloadName } {
  try {
    const spiffeId = parseSpiffeId(identity);
    const { workload } = spiffeId;
    if (workload !== undefined && spiffeId.trustDomain.name === name) return { spiffeId, workload };
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
  }
  throw refused(`the requested identity is not spiffe://${name}/ns/<namespace>/sa/<service account>`);
}

function refuseUntrusted({ spiffeId }: Caller, trustedAccounts: readonly string[]): void {
  const { namespace, serviceAccount } = spiffeId.workload ?? { namespace: "", serviceAccount: "" };
  const account = `${namespace}/${serviceAccount}`;
  if (trustedAccounts.includes(account)) return;
  throw refused(`the caller ${account} is not a trusted node account`, "add it to --trusted-node-account");
}

/** Requires a token: a certificate does not identify the pod that presents it. */
async function nodeOf({ spiffeId, pod, node }: Caller, pods: PodSource): Promise<string> {
  if (pod === undefined) throw refused("the caller's credential is not bound to a pod");
  const { namespace = "", serviceAccount } = spiffeId.workload ?? {};
  const found = await pods.find(namespace, pod.name);
  const isCallers = found?.uid === pod.uid && found.serviceAccount === serviceAccount;
  if (!isCallers) throw refused("the pod of the caller's token no longer exists");
  if (found.node === "" || (node !== undefined && node !== found.node)) {
    throw refused("the caller's pod does not run on the node that its token names");
  }
  return found.node;
}

function refused(
  problem: string,
  fix = "request the identities of pods on the caller's own node, from a node proxy's pod",
): CaError {
  return new CaError("IMPERSONATION_REFUSED", problem, { fix });
}
