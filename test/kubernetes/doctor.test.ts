import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import { createTestAuthority, type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import type { RunningCa } from "../harness/ca-process.ts";
import { agentBin, kasbahBin } from "../harness/repository.ts";
import { whyNoExecNode } from "./build-tools.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type ExecNode, startExecNode } from "./exec-node.ts";
import { sharedControlPlane } from "./hooks.ts";
import { type Laptop, openLaptop } from "./operator-laptop.ts";
import { deletePublishedRoots } from "./published-roots.ts";
import { createWorkload } from "./workloads.ts";

const caLabels = { "app.kubernetes.io/name": "kasbah", "app.kubernetes.io/component": "ca" };

describe("kasbah doctor with a real kubectl", function () {
  this.timeout(180_000);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let node: ExecNode;
  let laptop: Laptop;
  let image: TemporaryDirectory;
  let ca: RunningCa;
  let namespace: string;

  before(async function () {
    const missing = whyNoExecNode();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      this.skip();
    }
    controlPlane = sharedControlPlane();
    await deletePublishedRoots(controlPlane);
    account = await createCaAccount(controlPlane);
    laptop = await openLaptop(controlPlane);
    image = await temporaryDirectory();
    await symlink(process.execPath, image.join("node"));
    await symlink(kasbahBin, image.join("kasbah"));
    await symlink(agentBin, image.join("kasbah-agent"));
    node = await startExecNode(controlPlane, `node-of-${account.namespace}`);
    ca = await startClusterCa(controlPlane, account, "kasbah-0", ["--root-config-map", "istio-ca-root-cert"]);
    const env = { PATH: image.path, KASBAH_STATE_DIR: ca.stateDir };
    const server = { namespace: account.namespace, name: "kasbah-0", container: "kasbah-server" };
    await node.addPod({ ...server, labels: caLabels, env });
    const workload = await createWorkload(controlPlane, "vault");
    ({ namespace } = workload);
    await writeFile(image.join("token"), workload.token);
    await writeFile(image.join("root.pem"), ca.rootPem);
    await untilSeen("published root", 30_000, () =>
      controlPlane
        .kubectl(["get", "configmap", "istio-ca-root-cert", `--namespace=${namespace}`])
        .catch(() => undefined),
    );
  });

  after(async () => {
    await node?.stop();
    await ca?.stop();
    await Promise.all([image?.remove(), laptop?.remove(), account?.remove()]);
  });

  /** A pod with an agent that does not run, which finds its files by the variables of the container. */
  const addPod = (name: string, root: string) =>
    node.addPod({
      namespace,
      name,
      container: "kasbah-agent",
      labels: {},
      podIP: "127.0.0.1",
      env: {
        PATH: image.path,
        CA_ADDR: `localhost:${ca.port}`,
        CA_ROOT_CA: root,
        KASBAH_TOKEN_FILE: image.join("token"),
        KASBAH_SDS_SOCKET: image.join("sds"),
        KASBAH_STATUS_ADDRESS: "127.0.0.1:1",
        KASBAH_DOCTOR_ENVOY_ADMIN: "127.0.0.1:1",
      },
    });

  async function examine(pod: string) {
    const flags = [
      "-n",
      namespace,
      "--ca-namespace",
      account.namespace,
      "--kubeconfig",
      controlPlane.kubeconfig,
    ];
    const { stdout, stderr, exitCode } = await laptop.kasbah(["doctor", pod, ...flags, "--json"]);
    assert.deepEqual([exitCode, stderr], [4, ""]);
    const { findings } = JSON.parse(stdout);
    return new Map<string, { readonly what: string; readonly fix: string }>(
      findings.map((one: { code: string }) => [one.code, one]),
    );
  }

  it("names a token for another audience, in a pod of another namespace than the CA's", async () => {
    await addPod("web-1", image.join("root.pem"));
    const found = await examine("web-1");
    assert.deepEqual([...found.keys()].toSorted(), ["AGENT_NOT_RUNNING", "TOKEN_AUDIENCE"]);
    assert.match(found.get("TOKEN_AUDIENCE")?.what ?? "", /audience vault/);
  });

  it("names the root that the agent holds and the root of the CA", async () => {
    const other = await createTestAuthority("Other mesh");
    await writeFile(image.join("other.pem"), other.rootPem);
    await addPod("web-2", image.join("other.pem"));
    const found = await examine("web-2");
    assert.ok(found.has("CA_NOT_TRUSTED"), [...found.keys()].join());
    const { what = "" } = found.get("HELD_ROOT_DIFFERS") ?? {};
    assert.match(
      what,
      new RegExp(`holds the root ${other.certificate.fingerprint}, but the CA has [0-9a-f]{64}`),
    );
  });
});
