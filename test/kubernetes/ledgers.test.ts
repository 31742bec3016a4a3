import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { headOfNote } from "@kasbah/ledger";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { LedgerTrial } from "../harness/ledger/ledger-trial.ts";
import { kasbahBin } from "../harness/repository.ts";
import { whyNoExecNode } from "./build-tools.ts";
import { type CaAccount, createCaAccount } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type ExecNode, startExecNode } from "./exec-node.ts";
import { sharedControlPlane } from "./hooks.ts";
import { type Laptop, openLaptop } from "./operator-laptop.ts";

const names = ["kasbah-0", "kasbah-1"] as const;
const configMap = "kasbah-checkpoints";
type Name = (typeof names)[number];

interface Head {
  readonly place: string;
  readonly origin: string;
  readonly size: number;
}
interface State {
  readonly generation: number;
  readonly state: { readonly ledgers: readonly Head[] };
}

describe("Ledgers of two replicas that share a Secret", function () {
  this.timeout(240_000);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let laptop: Laptop;
  let node: ExecNode;
  let directory: TemporaryDirectory;
  const running = new Map<Name, CaProcess>();

  before(async function () {
    const missing = whyNoExecNode();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      this.skip();
    }
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    laptop = await openLaptop(controlPlane);
    directory = await temporaryDirectory();
    await symlink(process.execPath, directory.join("node"));
    await symlink(kasbahBin, directory.join("kasbah"));
    node = await startExecNode(controlPlane, `node-of-${account.namespace}`);
    for (const name of names) await addPod(name);
  });
  after(async () => {
    await Promise.all([...running.values()].map((ca) => ca.stop()));
    await node?.stop();
    await Promise.all([directory?.remove(), laptop?.remove(), account?.remove()]);
  });

  const stateDir = (name: Name) => directory.join(name);
  function addPod(name: Name): Promise<void> {
    const labels = { "app.kubernetes.io/name": "kasbah", "app.kubernetes.io/component": "ca" };
    const env = { PATH: directory.path, KASBAH_STATE_DIR: stateDir(name) };
    const { namespace } = account;
    return node.addPod({ namespace, name, container: "kasbah-server", labels, env });
  }

  async function start(name: Name): Promise<CaProcess> {
    const ca = new CaProcess({
      stateDir: stateDir(name),
      flags: [
        ...["--no-client-certificates", "--state-secret", "kasbah-ca", "--namespace", account.namespace],
        ...["--kubernetes-api", controlPlane.url.href, "--allow-address", "127.0.0.1"],
        ...["--kubernetes-ca-file", controlPlane.caFile, "--kubernetes-token-file", account.tokenFile],
        ...["--pod-name", name, "--ledger-place", name, "--checkpoint-to", `configmap:${configMap}`],
      ],
    });
    running.set(name, ca);
    await ca.untilReady();
    return ca;
  }
  async function stop(name: Name): Promise<void> {
    await running.get(name)?.stop();
    running.delete(name);
  }
  async function restart(name: Name): Promise<CaProcess> {
    await stop(name);
    return start(name);
  }
  const losses = async (name: Name) =>
    ((await running.get(name)?.readiness())?.warnings ?? []).filter((one) => one.startsWith("LEDGER_LOST"));
  const verify = (...argv: readonly string[]) =>
    laptop.kasbah([
      "-n",
      account.namespace,
      "--kubeconfig",
      controlPlane.kubeconfig,
      "audit",
      "verify",
      ...argv,
    ]);

  const path = (kind: string, name: string) => `/api/v1/namespaces/${account.namespace}/${kind}/${name}`;
  async function get<T>(kind: string, name: string): Promise<T> {
    return (await controlPlane.adminRequest<T>("GET", path(kind, name))).body;
  }
  async function control(): Promise<State> {
    const secret = await get<{ readonly data: Readonly<Record<string, string>> }>("secrets", "kasbah-ca");
    return JSON.parse(Buffer.from(secret.data["control.json"] ?? "", "base64").toString()) as State;
  }
  const headOf = async (name: Name) => (await control()).state.ledgers.find(({ place }) => place === name);

  /** Writes the control state as someone who may write the Secret can. */
  async function forgeControl(change: (heads: readonly Head[]) => readonly object[]): Promise<void> {
    const secret = await get<{ data: Record<string, string> }>("secrets", "kasbah-ca");
    const { generation, state } = await control();
    const next = { ...state, ledgers: change(state.ledgers) };
    const document = { format: 1, generation: generation + 1, state: next };
    const checksum = createHash("sha256")
      .update(JSON.stringify([1, generation + 1, next]))
      .digest("hex");
    secret.data["control.json"] = Buffer.from(JSON.stringify({ ...document, checksum })).toString("base64");
    const { status } = await controlPlane.adminRequest("PUT", path("secrets", "kasbah-ca"), secret);
    assert.equal(status, 200);
  }

  it("anchors both ledgers, copies both checkpoints, and verifies them without a finding or a warning", async () => {
    await start("kasbah-0");
    await start("kasbah-1");
    await restart("kasbah-0");
    for (const name of names) assert.deepEqual(await losses(name), []);
    const stored = await untilSeen("checkpoints", 90_000, async () => {
      const { data } = await get<{ readonly data?: Readonly<Record<string, string>> }>(
        "configmaps",
        configMap,
      );
      return data !== undefined && names.every((name) => name in data) ? data : undefined;
    });
    for (const name of names)
      assert.equal(headOfNote(stored[name] ?? "")?.origin, (await headOf(name))?.origin, name);
    const said = await verify("--checkpoint", `configmap:${configMap}`);
    assert.equal(said.exitCode, 0, said.stdout + said.stderr);
    assert.match(said.stdout, /ledger 0 of kasbah-0[\s\S]*ledger 0 of kasbah-1/);
    assert.equal(said.stderr, "");
  });

  it("lets the other replica name one whose ledger was rewritten with its key, in the Secret and in the ConfigMap", async () => {
    await stop("kasbah-1");
    await restart("kasbah-0");
    const trial = await LedgerTrial.copyOf(stateDir("kasbah-1"), directory.join("forged"));
    const lines = (await readFile(trial.segment(0), "utf8")).trimEnd().split("\n");
    await trial.rewrite(0, (all) => all.splice(0, all.length, ...lines.slice(0, 1), ""));
    for (const part of ["checkpoint", "tile", "index.sqlite"])
      await rm(join(trial.directory.path, part), { recursive: true, force: true });
    await trial.sign();
    const head = headOfNote(await readFile(trial.directory.checkpoint, "utf8"));
    await rm(stateDir("kasbah-1"), { recursive: true });
    await cp(trial.path, stateDir("kasbah-1"), { recursive: true });
    await forgeControl((heads) =>
      heads.map((one) =>
        one.place === "kasbah-1" ? { ...one, ...head, time: new Date().toISOString() } : one,
      ),
    );
    const copies = await get<{ data: Record<string, string> }>("configmaps", configMap);
    delete copies.data["kasbah-1"];
    await controlPlane.adminRequest("PUT", path("configmaps", configMap), copies);
    await start("kasbah-1");
    assert.deepEqual(await losses("kasbah-1"), [], "nothing that this replica can read contradicts it");
    const warned = await untilSeen("warning of the other replica", 90_000, async () => {
      const found = await losses("kasbah-0");
      return found.length > 0 ? found : undefined;
    });
    assert.match(warned.join(), /the ledger of the replica kasbah-1 went back or was replaced/);
    await restart("kasbah-0");
    assert.equal((await losses("kasbah-0")).length, 1, "a restart does not end the warning");
    const said = await verify("--checkpoint", `configmap:${configMap}`);
    assert.equal(said.exitCode, 1, said.stdout + said.stderr);
    assert.match(
      said.stdout,
      /BROKEN {2}entry \d+: the ledger of the replica kasbah-1 went back or was replaced/,
    );
    const reason = ["--reason", "the volume was examined"];
    const accepted = await runKasbahCommand(stateDir("kasbah-0"), ["audit", "accept-loss", ...reason]);
    assert.equal(accepted.code, 0, accepted.err);
    assert.deepEqual(await losses("kasbah-0"), []);
  });

  it("reports an emptied volume as a loss, although it looks like a new pod, and the others record it", async () => {
    await stop("kasbah-1");
    await rm(stateDir("kasbah-1"), { recursive: true });
    await start("kasbah-1");
    assert.match((await losses("kasbah-1")).join(), /the ledger is missing/);
    await restart("kasbah-0");
    assert.deepEqual(await losses("kasbah-0"), []);
    const said = await verify();
    assert.equal(said.exitCode, 1, said.stdout);
    assert.match(said.stdout, /note {4}entry \d+: the replica kasbah-1 reported the loss of its ledger/);
  });
});
