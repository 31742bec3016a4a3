import { readFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import { createCaAccount, startClusterCa } from "../../test/kubernetes/cluster-ca.ts";
import type { ControlPlane } from "../../test/kubernetes/control-plane.ts";
import { type KubernetesObject, modestPod } from "../../test/kubernetes/workloads.ts";
import type { StormPod } from "./plan.ts";
import { type PlannedPod, planPods, stormSizes } from "./pods.ts";
import type { StormScene } from "./scene.ts";
import { TokenSigner } from "./token-signer.ts";

const issuer = "https://kubernetes.default.svc";
const createdAtOnce = 50;

/** Real pods of a real API server, which reviews the tokens that are bound to them. */
export async function startClusterScene(
  controlPlane: ControlPlane,
  count: number,
  flags: readonly string[] = [],
): Promise<StormScene> {
  const namespaces: { readonly name: string; readonly pods: number }[] = [];
  for (const pods of stormSizes(count)) {
    namespaces.push({ name: await controlPlane.newNamespace("storm"), pods });
  }
  const planned = await planPods(namespaces);
  const pods = await withTokens(controlPlane, planned);
  const account = await createCaAccount(controlPlane);
  const ca = await startClusterCa(controlPlane, account, "kasbah-0", flags);
  const [etcd = 0, apiServer = 0] = controlPlane.pids;
  const stop = async () => {
    await ca.stop();
    await account.remove();
  };
  return { ca, pods, helpers: { "API server": apiServer, etcd }, stop };
}

async function withTokens(
  controlPlane: ControlPlane,
  planned: readonly PlannedPod[],
): Promise<readonly StormPod[]> {
  const signer = new TokenSigner(await readFile(controlPlane.credentials.tokenKey, "utf8"), issuer);
  const accounts = new Map<string, string>();
  for (const namespace of new Set(planned.map((pod) => pod.namespace))) {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    const { body } = await controlPlane.adminRequest<KubernetesObject>("GET", path);
    accounts.set(namespace, body.metadata.uid);
  }
  const left = [...planned.entries()];
  const pods: StormPod[] = [];
  const create = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [at, { name, ...pod }] = next;
      const uid = await createPod(controlPlane, pod.namespace, name);
      const serviceAccountUid = accounts.get(pod.namespace) ?? "";
      const facts = { namespace: pod.namespace, serviceAccountUid, pod: { name, uid } };
      pods[at] = { ...pod, token: signer.sign(facts, systemClock.now()) };
    }
  };
  await Promise.all(Array.from({ length: createdAtOnce }, create));
  return pods;
}

async function createPod(controlPlane: ControlPlane, namespace: string, name: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const pod = { ...modestPod, metadata: { name } };
  const { status, body } = await controlPlane.adminRequest<KubernetesObject>("POST", path, pod);
  if (status !== 201) throw new Error(`cannot create a pod: ${JSON.stringify(body)}`);
  return body.metadata.uid;
}
