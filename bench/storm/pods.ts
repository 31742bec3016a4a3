import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import type { StormPod } from "./plan.ts";

/** A pod before it has a token. */
export interface PlannedPod extends Omit<StormPod, "token"> {
  readonly name: string;
}

/** A namespace, and how many of its pods restart. */
export interface StormNamespace {
  readonly name: string;
  readonly pods: number;
}

const small = 10;
const middleShare = 0.09;

/** One namespace with nine tenths of all pods, one with ten pods, and one between them. */
export function stormSizes(pods: number): readonly number[] {
  const middle = Math.floor(pods * middleShare);
  const least = Math.min(small, pods);
  return [pods - middle - least, middle, least];
}

/** Creates a key, a CSR and an address for each pod; pods of different namespaces start in turn. */
export async function planPods(namespaces: readonly StormNamespace[]): Promise<readonly PlannedPod[]> {
  const owners = interleaved(namespaces);
  const pods: PlannedPod[] = [];
  for (const [at, { namespace, name }] of owners.entries()) {
    const spiffeId = parseSpiffeId(`spiffe://cluster.local/ns/${namespace}/sa/default`);
    const csr = createCertificateRequest(await createKeyPair("P-256"), spiffeId);
    pods.push({ namespace, name, address: addressAt(at), csr });
  }
  return pods;
}

const hosts = 250;

/** Each pod has an address of its own. */
function addressAt(at: number): string {
  return `127.${20 + Math.floor(at / hosts / hosts)}.${Math.floor(at / hosts) % hosts}.${(at % hosts) + 1}`;
}

/** The smaller namespaces are spread evenly among the pods of the largest. */
function interleaved(namespaces: readonly StormNamespace[]) {
  const all = namespaces.flatMap(({ name, pods }) =>
    Array.from({ length: pods }, (_, at) => ({
      namespace: name,
      name: `app-${at}`,
      place: (at + 0.5) / pods,
    })),
  );
  return all.sort((one, other) => one.place - other.place);
}
