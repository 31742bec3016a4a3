import { parseTrustBundle } from "@kasbah/pki";
import type { KubernetesClient } from "../api/api-client.ts";
import { installationOf, publishedRootSchema, rootPemIn } from "./root-config-map.ts";

export interface LostRootDeps {
  readonly client: Pick<KubernetesClient, "get">;
  readonly namespace: string;
  readonly stateSecret: string;
  readonly rootConfigMap: string | undefined;
}

/**
 * Finds out whether a missing Secret is a loss: this installation published a root that the Secret held. The
 * ConfigMap in the CA's own namespace counts, because it goes with the namespace, as the Secret does.
 */
export async function findLostRoot(deps: LostRootDeps): Promise<string | undefined> {
  const { client, namespace, stateSecret, rootConfigMap: name } = deps;
  if (name === undefined) return undefined;
  const reply = await client.get(`/api/v1/namespaces/${namespace}/configmaps/${name}`);
  if (reply.status !== 200) return undefined;
  const found: unknown = JSON.parse(reply.body);
  const published = publishedRootSchema.parse(found);
  const isOurs =
    published.installation === installationOf(namespace) && published.stateSecret === stateSecret;
  if (!isOurs) return undefined;
  const roots = fingerprintsIn(rootPemIn(found) ?? "");
  return `Secret ${namespace}/${stateSecret} is missing and this replica's volume is empty, but ConfigMap ${namespace}/${name} contains the root of this installation (${roots}): restore the Secret from a backup; if no workload trusts that root any more, run kubectl -n ${namespace} delete configmap ${name}`;
}

function fingerprintsIn(pem: string): string {
  try {
    return parseTrustBundle(pem)
      .roots.map(({ fingerprint }) => fingerprint)
      .join(", ");
  } catch {
    return "unreadable";
  }
}
