import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import type { RunningCa } from "../harness/ca-process.ts";
import { BrowserSuite } from "../harness/console/browser-suite.ts";
import { ConsoleProcess } from "../harness/console/console-process.ts";
import { type ConsoleVisit, visitConsole } from "../harness/console/console-visit.ts";
import { assertAccessible, assertKeyboardReaches } from "../harness/console/page-checks.ts";
import { kasbahBin } from "../harness/repository.ts";
import { provideControlPlane, whyNoExecNode } from "./build-tools.ts";
import { callCa } from "./call-ca.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type ExecNode, startExecNode } from "./exec-node.ts";
import { sharedControlPlane } from "./hooks.ts";
import { createWorkload } from "./workloads.ts";

const names = ["kasbah-0", "kasbah-1", "kasbah-2"];
const labels = { "app.kubernetes.io/name": "kasbah", "app.kubernetes.io/component": "ca" };

describe("Console of three replicas in a cluster", function () {
  this.timeout(180_000);
  let suite: BrowserSuite | undefined;
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let node: ExecNode;
  let image: TemporaryDirectory;
  let replicas: RunningCa[];
  let command: ConsoleProcess;
  let visit: ConsoleVisit;
  let spiffeName: string;

  before(async function () {
    const missing = whyNoExecNode();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      this.skip();
    }
    suite = await BrowserSuite.start(this);
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    const { namespace } = account;
    image = await temporaryDirectory();
    await symlink(process.execPath, image.join("node"));
    await symlink(kasbahBin, image.join("kasbah"));
    await symlink(await provideControlPlane(), image.join("kubectl"));
    node = await startExecNode(controlPlane, `node-of-${namespace}`);
    const flags = ["--state-secret", "kasbah-ca"];
    replicas = await Promise.all(names.map((name) => startClusterCa(controlPlane, account, name, flags)));
    for (const [index, replica] of replicas.entries()) {
      const env = { PATH: image.path, KASBAH_STATE_DIR: replica.stateDir };
      await node.addPod({ namespace, name: `kasbah-${index}`, container: "kasbah-server", labels, env });
    }
    await causeTraffic();
    const cluster = ["-n", namespace, "--kubeconfig", controlPlane.kubeconfig];
    command = new ConsoleProcess(cluster, { PATH: `${image.path}:/usr/bin:/bin`, HOME: image.path });
    visit = await visitConsole(suite.browser, await command.link());
  });

  after(async () => {
    await suite?.close();
    await command?.stop();
    await node?.stop();
    await Promise.all((replicas ?? []).map((replica) => replica.stop()));
    await Promise.all([image?.remove(), account?.remove()]);
  });

  /** Each replica issues one certificate, and refuses one token. */
  async function causeTraffic(): Promise<void> {
    const workload = await createWorkload(controlPlane, "istio-ca");
    const stray = await createWorkload(controlPlane, "vault");
    spiffeName = `${workload.namespace}/`;
    for (const replica of replicas) {
      assert.equal((await callCa(replica, workload.token)).status, 0);
      assert.notEqual((await callCa(replica, stray.token)).status, 0);
    }
  }

  const mainText = () => visit.page.locator("main").innerText();

  it("shows every replica, and the sum of what they did", async () => {
    const { page, show } = visit;
    await page.locator("header").first().getByText("Cluster").waitFor();
    await show("Overview");
    for (const name of names) await page.getByText(name).first().waitFor();
    assert.match(await mainText(), /3 certificates issued/);
  });

  it("merges the identities and the refusals of all ledgers, and the state that the replicas share", async () => {
    const { page, show } = visit;
    await show("Identities");
    await page.getByText(spiffeName).first().waitFor();
    await show("Refusals");
    await page.getByText("TOKEN_AUDIENCE").first().waitFor();
    assert.equal(await page.locator(".call").count(), 3);
    await show("Rotation");
    await page.getByText("root-1").first().waitFor();
    assert.doesNotMatch(await mainText(), /different state/i);
  });

  it("is accessible by contrast, screen reader and keyboard", async () => {
    await assertAccessible(visit);
    await visit.page.emulateMedia({ colorScheme: "dark" });
    await assertAccessible(visit);
    await assertKeyboardReaches(visit);
  });

  it("names a replica that does not answer, and shows the others", async () => {
    const { page, show } = visit;
    await replicas[2]?.process.kill();
    await show("Overview");
    const cards = page.locator("li.replica");
    await cards.filter({ hasText: "kasbah-2" }).getByText("unreachable", { exact: true }).waitFor();
    for (const name of ["kasbah-0", "kasbah-1"])
      assert.match(await cards.filter({ hasText: name }).innerText(), /leader|follower/i);
  });

  it("causes no error in the browser, which connects to nothing but the command", async () => {
    assert.deepEqual(visit.complaints, []);
    const { host } = await command.link();
    const addresses = await suite?.close();
    suite = undefined;
    assert.deepEqual(addresses, [host]);
  });
});
