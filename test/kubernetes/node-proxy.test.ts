import assert from "node:assert/strict";
import { untilSeen } from "@kasbah/testkit";
import type { RunningCa } from "../harness/ca-process.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { callCa } from "./call-ca.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { createToken, createWorkload, type KubernetesObject, modestPod } from "./workloads.ts";

const unauthenticated = 16;

describe("Node proxy in a real cluster", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let ca: RunningCa;
  let proxies: string;
  let token: string;

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    proxies = await controlPlane.newNamespace("istio-system");
    ca = await startClusterCa(controlPlane, account, "kasbah-0", [
      "--trusted-node-account",
      `${proxies}/ztunnel`,
    ]);
    await controlPlane.kubectl(["create", "serviceaccount", "ztunnel", `--namespace=${proxies}`]);
    token = await proxyToken("ztunnel-1", "node-1");
  });

  after(async () => {
    await ca?.stop();
    await account?.remove();
  });

  async function createPod(
    namespace: string,
    name: string,
    account: string,
    nodeName: string,
  ): Promise<string> {
    const spec = { ...modestPod.spec, serviceAccountName: account, nodeName };
    const pod = { metadata: { name }, spec };
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const { status, body } = await controlPlane.adminRequest<KubernetesObject>("POST", path, pod);
    assert.equal(status, 201);
    return body.metadata.uid;
  }

  async function proxyToken(pod: string, node: string): Promise<string> {
    const uid = await createPod(proxies, pod, "ztunnel", node);
    const bound = ["--bound-object-kind=Pod", `--bound-object-name=${pod}`, `--bound-object-uid=${uid}`];
    return createToken(controlPlane, proxies, "ztunnel", "--audience=istio-ca", ...bound);
  }

  const identityOf = (namespace: string) => `spiffe://cluster.local/ns/${namespace}/sa/default`;

  it("obtains the identity of a pod on its node, and not its own, within seconds of the pod's creation", async () => {
    const { namespace } = await createWorkload(controlPlane, "istio-ca");
    const reply = await untilSeen("certificate", 5_000, async () => {
      const seen = await callCa(ca, token, identityOf(namespace));
      return seen.status === 0 ? seen : undefined;
    });
    assert.deepEqual(reply.names, [identityOf(namespace)]);
  });

  it("is refused the identity of a pod on another node", async () => {
    const { namespace } = await createWorkload(controlPlane, "istio-ca");
    const elsewhere = await proxyToken("ztunnel-2", "node-2");
    const { status, message } = await callCa(ca, elsewhere, identityOf(namespace));
    assert.equal(status, unauthenticated);
    assert.match(message, /^IMPERSONATION_REFUSED: no pod with that identity runs on the caller's node/);
  });

  it("is refused another identity if its account is not trusted or the identity is in another trust domain", async () => {
    const workload = await createWorkload(controlPlane, "istio-ca");
    const untrusted = await callCa(ca, workload.token, identityOf(workload.namespace));
    assert.match(untrusted.message, /^IMPERSONATION_REFUSED: .*is not a trusted node account/);
    const foreign = identityOf(workload.namespace).replace("cluster.local", "other.example");
    assert.match((await callCa(ca, token, foreign)).message, /^IMPERSONATION_REFUSED: /);
  });

  it("is refused the identity of a pod once the pod is deleted", async () => {
    const { namespace } = await createWorkload(controlPlane, "istio-ca");
    const has = async () => (await callCa(ca, token, identityOf(namespace))).status === 0;
    await untilSeen("certificate", 5_000, async () => (await has()) || undefined);
    await controlPlane.kubectl([
      "delete",
      "pod",
      "app",
      `--namespace=${namespace}`,
      "--grace-period=0",
      "--force",
    ]);
    await untilSeen("refusal", 5_000, async () => ((await has()) ? undefined : true));
  });
});
