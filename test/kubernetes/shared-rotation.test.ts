import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import {
  parseCertificate,
  parseCertificates,
  parseTrustBundle,
  type TrustBundle,
  verifyChain,
} from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import type { RunningCa } from "../harness/ca-process.ts";
import { kasbahBin } from "../harness/repository.ts";
import { callCa } from "./call-ca.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { createWorkload, type Workload } from "./workloads.ts";

const configMap = "istio-ca-root-cert";
/** Long enough for a busy machine, short enough for a rotation within one minute. */
const flags = [
  "--state-secret",
  "kasbah-ca",
  "--default-ttl",
  "10s",
  "--max-ttl",
  "10s",
  "--root-config-map",
  configMap,
];
const renewEveryMs = 3_000;

/** The secrets of an agent: a leaf with its chain, and the trust bundle. */
interface Held {
  readonly chain: readonly string[];
  readonly bundle: TrustBundle;
}

describe("Root rotation with three replicas", function () {
  this.timeout(300_000);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let replicas: RunningCa[];
  let workload: Workload;

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    workload = await createWorkload(controlPlane, "istio-ca");
    const names = ["kasbah-0", "kasbah-1", "kasbah-2"];
    replicas = await Promise.all(names.map((name) => startClusterCa(controlPlane, account, name, flags)));
  });

  after(async () => {
    await Promise.all((replicas ?? []).map((replica) => replica.stop()));
    await account?.remove();
  });

  const kasbah = (replica: RunningCa, ...args: string[]) =>
    promisify(execFile)(process.execPath, [kasbahBin, ...args, "--state-dir", replica.stateDir]);

  async function published(): Promise<string> {
    const path = `/api/v1/namespaces/${workload.namespace}/configmaps/${configMap}`;
    const { body } = await controlPlane.adminRequest<{ data?: Record<string, string> }>("GET", path);
    return body.data?.["root-cert.pem"] ?? "";
  }

  async function renew(replica: RunningCa): Promise<Held> {
    // An agent trusts either the mounted root or a root it learned; in this test the mounted one is
    // sufficient.
    const rootPem = await published();
    const { status, message, chain } = await callCa({ ...replica, rootPem }, workload.token);
    assert.equal(status, 0, message);
    return { chain: chain.slice(0, -1), bundle: parseTrustBundle(chain.at(-1) ?? "") };
  }

  /** Renews through every replica during `work`, and checks that every pair of agents trusts each other. */
  async function inMutualTrust(work: () => Promise<unknown>): Promise<void> {
    const agents: Held[] = [];
    let isOver = false;
    let pairs = 0;
    const running = replicas.map(async (replica, index) => {
      while (!isOver) {
        agents[index] = await renew(replica);
        const now = systemClock.now();
        for (const [one, other] of pairsOf(agents)) {
          verify(one, other.bundle, now);
          pairs += 1;
        }
        await systemClock.sleep(renewEveryMs);
      }
    });
    const working = work().finally(() => {
      isOver = true;
    });
    await Promise.all([working, ...running]);
    process.stdout.write(`      ${pairs} pairs of agents, all in mutual trust\n`);
    assert.ok(pairs > 20);
  }

  const follower = () => {
    const [, second] = replicas;
    assert.ok(second);
    return second;
  };

  it("keeps every pair of agents in mutual trust, no matter which replica issued their certificates", async () => {
    await untilSeen("ConfigMap", 10_000, async () => (await published()) || undefined);
    const [first] = await Promise.all(replicas.map(renew));
    const before = first?.bundle.roots[0]?.fingerprint;
    await inMutualTrust(() => kasbah(follower(), "authority", "rotate", "--root", "--wait"));
    const roots = await Promise.all(replicas.map(async (replica) => (await renew(replica)).bundle.roots));
    assert.deepEqual(new Set(roots.map((each) => each.length)), new Set([1]));
    assert.equal(new Set(roots.flat().map(({ fingerprint }) => fingerprint)).size, 1);
    assert.notEqual(roots[0]?.[0]?.fingerprint, before);
    await untilSeen("new root in the ConfigMap", 5_000, async () => {
      return parseTrustBundle(await published()).roots.length === 1 || undefined;
    });
  });

  it("keeps the key of the retired root in the Secret, and recalls that root through a follower", async () => {
    const secretPath = `/api/v1/namespaces/${account.namespace}/secrets/kasbah-ca`;
    const { body } = await controlPlane.adminRequest<{ data?: Record<string, string> }>("GET", secretPath);
    assert.ok(body.data?.["root-1.key.pem"] && body.data["intermediate-1.key.pem"]);
    await inMutualTrust(async () => {
      await kasbah(follower(), "authority", "recall", "root-1");
      await untilSeen("end of the recall", 120_000, async () => {
        const { stdout } = await kasbah(follower(), "authority", "status", "--json");
        await systemClock.sleep(500);
        return JSON.parse(stdout).rotation === undefined || undefined;
      });
    });
    for (const replica of replicas) {
      const { stdout } = await kasbah(replica, "authority", "list");
      assert.match(stdout, /\nroot-1 +active +yes/);
      assert.equal((await renew(replica)).bundle.roots.length, 1);
    }
  });
});

function verify({ chain }: Held, bundle: TrustBundle, now: Date): void {
  const [leaf, ...intermediates] = chain.flatMap(parseCertificates);
  assert.ok(leaf);
  // An expired leaf belongs to an agent that has renewed since.
  if (parseCertificate(chain[0] ?? "").notAfter < now) return;
  verifyChain({ leaf, intermediates, bundle, now });
}

function pairsOf(agents: readonly Held[]): readonly (readonly [Held, Held])[] {
  const there = agents.filter((agent) => agent !== undefined);
  return there.flatMap((one) => there.map((other) => [one, other] as const));
}
