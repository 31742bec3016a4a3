import { parseTrustBundle } from "@kasbah/pki";
import { StateError } from "../../errors.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import {
  type InstallationName,
  installationMark,
  publishedRootSchema,
  rootPemIn,
} from "./root-config-map.ts";

export interface LostRootDeps extends InstallationName {
  readonly client: Pick<KubernetesClient, "get">;
  readonly stateSecret: string;
  readonly rootConfigMap: string | undefined;
}

/**
 * Finds out whether a missing Secret is a loss: this installation published a root that a Secret held, this one or
 * one of another name. The ConfigMap in the CA's own namespace counts, because it goes with the namespace, as the
 * Secret does.
 *
 * @throws StateError `STATE_NOT_DURABLE` if the API server cannot say
 */
export async function findLostRoot(deps: LostRootDeps): Promise<string | undefined> {
  const { client, namespace, stateSecret, rootConfigMap: name } = deps;
  if (name === undefined) return undefined;
  const found = await fetchConfigMap(client, namespace, name);
  if (found === undefined) return undefined;
  const published = publishedRootSchema.parse(found);
  const { installation, stateSecret: holder } = published;
  if (installation !== installationMark(deps) || holder === undefined) return undefined;
  const roots = fingerprintsIn(rootPemIn(found) ?? "");
  const where = `ConfigMap ${namespace}/${name} contains the root of this installation (${roots})`;
  const fresh = `if no workload trusts that root any more, run kubectl -n ${namespace} delete configmap ${name}`;
  const missing = `Secret ${namespace}/${stateSecret} is missing and this replica's volume is empty, but ${where}`;
  return holder === stateSecret
    ? `${missing}: restore the Secret from a backup; ${fresh}`
    : `${missing}, whose key was in Secret ${namespace}/${holder}: set --state-secret=${holder} (ca.stateSecret in the chart); ${fresh}`;
}

/**
 * Undefined if it does not exist, or if the CA's role does not allow to read it. @throws StateError
 * `STATE_NOT_DURABLE` if the API server cannot say, because a new root would be created meanwhile
 */
async function fetchConfigMap(
  client: LostRootDeps["client"],
  namespace: string,
  name: string,
): Promise<unknown> {
  const unreadable = (reason: string, cause?: unknown) =>
    new StateError("STATE_NOT_DURABLE", `cannot read ConfigMap ${namespace}/${name}: ${reason}`, { cause });
  const reply = await client
    .get(`/api/v1/namespaces/${namespace}/configmaps/${name}`)
    .catch((cause: unknown) => {
      throw unreadable("the API server does not answer", cause);
    });
  if (reply.status === 404 || reply.status === 403) return undefined;
  if (reply.status !== 200) throw unreadable(`the API server answered ${reply.status}`);
  return JSON.parse(reply.body);
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
