import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type App, getOnce, startApp } from "@kasbah/cli/mesh";
import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { findFreeAddresses } from "../../packages/cli/src/mesh/processes/free-ports.ts";
import type { RunningCa } from "../harness/ca-process.ts";
import { readText } from "../harness/chart/yaml.ts";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import type { LoggedProcess } from "../harness/logged-process.ts";
import { agentBin, kasbahBin } from "../harness/repository.ts";
import { patienceMs } from "../harness/until.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { LocalPod, type PodObject } from "./pods/local-pod.ts";

const manifest = readText("deploy/examples/two-workloads.yaml");
const caName = "kasbah.kasbah-system.svc";
const caFlags = [
  ...["--state-secret", "kasbah-ca", "--root-config-map", "istio-ca-root-cert"],
  ...["--server-san", caName, "--own-spiffe-id", "spiffe://cluster.local/ns/kasbah-system/sa/kasbah"],
];

interface Addresses {
  readonly tls: HostPort;
  readonly outbound: HostPort;
}

/** The API server admits the pods; their containers run as processes of this machine. */
describe("The two workloads that docs/kubernetes.md shows", function () {
  this.timeout(setUpTimeoutMs);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let ca: RunningCa;
  let app: App;
  let directory: TemporaryDirectory;
  let namespace: string;
  let addresses: Addresses;
  const pods = new Map<string, LocalPod>();
  const statusAddresses = new Map<string, string>();
  const running: LoggedProcess[] = [];

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    ca = await startClusterCa(controlPlane, account, "kasbah-0", caFlags);
    app = await startApp("api");
    directory = await temporaryDirectory();
    const [tls, outbound] = (await findFreeAddresses(2)) as [HostPort, HostPort];
    addresses = { tls, outbound };
    // Other suites use the namespace demo as well.
    namespace = await controlPlane.newNamespace("two");
    const stdin = manifest.replaceAll("demo", namespace);
    await controlPlane.kubectl(["apply", "--filename=-"], { stdin });
  });

  after(async () => {
    for (const each of running.reverse()) await each.stop();
    await app?.close();
    await ca?.stop();
    await account?.remove();
    await directory?.remove();
  });

  /** The pod that the ReplicaSet controller created for this Deployment. */
  async function createdPod(name: string): Promise<PodObject> {
    const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${name}`;
    return await untilSeen(`the pod of ${name}`, patienceMs, async () => {
      const { body } = await controlPlane.adminRequest<{ readonly items: readonly PodObject[] }>("GET", path);
      return body.items[0];
    });
  }

  function localize(root: string, text: string): string {
    return text
      .replace("address: 0.0.0.0, port_value: 8443", addressOf(addresses.tls))
      .replace(`address: api.${namespace}.svc.cluster.local, port_value: 8443`, addressOf(addresses.tls))
      .replace("address: 127.0.0.1, port_value: 8080", addressOf(app.address))
      .replace("address: 127.0.0.1, port_value: 9001", addressOf(addresses.outbound))
      .replaceAll("path: /var/run/secrets", `path: ${root}/var/run/secrets`);
  }

  /** Starts `kasbah-agent` in a pod, with the environment of the agent's container. */
  function startInAgent(name: string, args: readonly string[]): LoggedProcess {
    const env = { KASBAH_STATUS_ADDRESS: statusAddresses.get(name) ?? "" };
    const pod = pods.get(name) ?? assert.fail(`no pod ${name}`);
    return pod.start("kasbah-agent", [process.execPath, agentBin, ...args], env);
  }

  async function run(name: string): Promise<void> {
    const pod = new LocalPod(controlPlane, await createdPod(name), directory.join(name));
    pods.set(name, pod);
    await pod.mount((text) => localize(pod.root, text));
    const [status] = (await findFreeAddresses(1)) as [HostPort];
    statusAddresses.set(name, formatHostPort(status));
    running.push(startInAgent(name, ["--ca-address", `127.0.0.1:${ca.port}`, "--ca-server-name", caName]));
    const [, ...probe] = pod.container("kasbah-agent").startupProbe?.exec.command ?? [];
    const wait = startInAgent(name, probe);
    assert.deepEqual(await wait.exited, { code: 0, signal: null }, wait.log + running.at(-1)?.log);
    const args = (pod.container("envoy").args ?? []).map((arg) => arg.replace(/^\/etc/, `${pod.root}/etc`));
    const envoy = pod.start("envoy", [await testEnvoy(), ...args, "--disable-hot-restart"]);
    running.push(envoy);
    await envoy.says("starting main dispatch loop");
  }

  it("get pods at the restricted level, whose agents pass the startup probe with the names of their accounts", async () => {
    await Promise.all(["api", "web"].map(run));
    for (const name of ["api", "web"]) {
      const status = startInAgent(name, ["status"]);
      assert.deepEqual(await status.exited, { code: 0, signal: null }, status.log);
      assert.match(
        status.log,
        new RegExp(`: ready\n +SPIFFE ID +spiffe://cluster.local/ns/${namespace}/sa/${name}\n`),
      );
    }
  });

  it("are listed as the identities of the CA, with their pods", async () => {
    const command = [kasbahBin, "identities", "--state-dir", ca.stateDir];
    const { stdout } = await promisify(execFile)(process.execPath, command);
    assert.match(stdout, /^2 identities in spiffe:\/\/cluster\.local /);
    for (const [name, { pod }] of pods)
      assert.match(stdout, new RegExp(`^/ns/${namespace}/sa/${name} +${pod.metadata.name} `, "m"));
  });

  it("talk mutual TLS: the call of web reaches the program behind api", async () => {
    const reply = await untilSeen("an answer of api", patienceMs, async () => {
      const { status, body } = await getOnce(addresses.outbound, "/").catch(() => ({ status: 0, body: "" }));
      return status === 200 ? body : undefined;
    });
    assert.equal(JSON.parse(reply).service, "api");
  });

  it("refuse a caller without a certificate", async () => {
    const before = app.requestCount();
    await assert.rejects(getOnce(addresses.tls, "/"));
    assert.equal(app.requestCount(), before);
  });

  it("are shown on the page as they are in the manifest", () => {
    const blocks = [...readText("docs/kubernetes.md").matchAll(/^```yaml[^\n]*\n(.*?)^```$/gms)].map(
      ([, text = ""]) => text,
    );
    assert.ok(blocks.length >= 2);
    for (const block of blocks) assert.ok(manifest.includes(block), block);
  });
});

function addressOf({ host, port }: HostPort): string {
  return `address: ${host}, port_value: ${port}`;
}
