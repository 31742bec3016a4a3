import assert from "node:assert/strict";
import type { X509Certificate } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type Certificate,
  maxBackdateMs,
  parseCertificate,
  parseTrustBundle,
  type TrustBundle,
} from "@kasbah/pki";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { Pod } from "../harness/pod.ts";
import { type ReceivedLeaf, SdsClient } from "../harness/sds-client.ts";
import { mintLongLivedToken } from "../harness/token-issuer.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

const names = ["api", "batch", "web"];

interface Workload {
  readonly pod: Pod;
  readonly client: SdsClient;
}

/** A CA and three agents that run on while an authority is distrusted; no process is restarted. */
describe("A mesh whose CA key was stolen", function () {
  this.timeout(suiteTimeoutMs);
  let ca: RunningCa;
  let mesh: readonly Workload[];

  before(async () => {
    ca = await startCa();
    mesh = await Promise.all(names.map(startWorkload));
  });

  after(async () => {
    for (const { pod, client } of mesh ?? []) {
      client[Symbol.dispose]();
      await pod[Symbol.asyncDispose]();
    }
    await ca?.stop();
  });

  async function startWorkload(name: string): Promise<Workload> {
    const { port, rootPem, tokens, stateDir } = ca;
    const pod = await Pod.create({
      ca: { address: { host: "127.0.0.1", port }, authority: { rootPem } },
      token: await mintLongLivedToken(tokens, name),
      // The file that the CA itself keeps up to date, as it does with the ConfigMap in a cluster.
      flags: { "--ca-root": join(stateDir, "public", "root-cert.pem"), "--secret-ttl": "14s" },
    });
    await pod.start().untilReady();
    const client = new SdsClient(pod.socket);
    client.say();
    await client.nextLeaf(0);
    return { pod, client };
  }

  const kasbah = async (...argv: string[]) => {
    const result = await runKasbahCommand(ca.stateDir, argv);
    assert.equal(result.code, 0, result.err);
    return result.out;
  };
  const certificateOf = async (id: string) => {
    const { authorities } = JSON.parse(await kasbah("authority", "list", "--all", "--json"));
    return authorities.find((one: { id: string }) => one.id === id) ?? assert.fail(id);
  };
  const newest = ({ client }: Workload): ReceivedLeaf => client.leaves.at(-1) ?? assert.fail("no leaf");
  const trusted = ({ client }: Workload): TrustBundle => parseTrustBundle(client.roots.at(-1) ?? "");

  /** Waits until every workload holds a leaf of an intermediate. */
  async function untilAllRenewed(fingerprint: string): Promise<void> {
    for (const workload of mesh) {
      await workload.pod.agent.until(`a leaf under ${fingerprint}`, async () => {
        return intermediateOf(newest(workload)).fingerprint === fingerprint;
      });
    }
  }

  it("loses no workload when an intermediate is distrusted, and none holds a leaf of it afterwards", async () => {
    const held = mesh.map(({ client }) => client.leaves.length);
    const preview = JSON.parse(await kasbah("authority", "distrust", "intermediate-1", "--json"));
    assert.deepEqual([preview.identities, preview.pods, preview.creates], [3, 3, "intermediate"]);
    assert.equal(preview.acceptedUntil, (await certificateOf("intermediate-1")).notAfter);
    assert.match(await kasbah("authority", "distrust", "intermediate-1", "--yes"), /its key is destroyed/);
    await untilAllRenewed((await certificateOf("intermediate-2")).fingerprint);
    for (const [index, workload] of mesh.entries()) {
      // On a busy machine, the workloads renew more than once before all commands have ended.
      const since = workload.client.leaves.slice((held[index] ?? 0) - 1);
      assert.ok(since.length > 1);
      for (const [at, { leaf }] of since.slice(1).entries()) {
        const previous = since[at]?.leaf ?? assert.fail();
        assert.ok(issuedAt(leaf) < new Date(previous.validTo), "renewed before the previous leaf expired");
      }
      assert.equal(trusted(workload).roots.length, 1);
    }
    const after = JSON.parse(await kasbah("authority", "list", "--all", "--json")).authorities;
    assert.deepEqual(
      after.map(({ id, stage }: Record<string, string>) => `${id} ${stage}`),
      ["root-1 active", "intermediate-1 retired", "intermediate-2 active"],
    );
  });

  it("no workload that renews trusts a distrusted root or holds a leaf under it, by the time that the dry run names", async () => {
    const held = mesh.map(newest);
    const before = trusted(mesh[0] ?? assert.fail());
    const preview = JSON.parse(await kasbah("authority", "rotate", "--root", "--compromised", "--json"));
    assert.deepEqual([preview.id, preview.identities, preview.creates], ["root-1", 3, "root"]);
    await kasbah("authority", "distrust", "root-1", "--yes");
    const root = (await certificateOf("root-2")).fingerprint;
    assert.deepEqual(
      parseTrustBundle(await ca.process.rootPem()).roots.map(({ fingerprint }) => fingerprint),
      [root],
    );
    const { fingerprint } = await certificateOf("intermediate-3");
    await untilAllRenewed(fingerprint);
    const until = new Date(preview.holders[0].notAfter);
    for (const [index, workload] of mesh.entries()) {
      const { leaf } =
        workload.client.leaves.find((one) => intermediateOf(one).fingerprint === fingerprint) ??
        assert.fail();
      await workload.pod.agent.until("only the new root", async () => {
        const { roots } = trusted(workload);
        return roots.length === 1 && roots[0]?.fingerprint === root;
      });
      assert.ok(issuedAt(leaf) <= until, `${issuedAt(leaf).toISOString()} is after ${until.toISOString()}`);
      // What breaks until then: neither side accepts the other's certificate.
      assert.ok(!isUnder(newest(workload), before));
      assert.ok(!isUnder(held[index] ?? assert.fail(), trusted(workload)));
      assert.ok(isUnder(newest(workload), trusted(workload)));
    }
  });

  it("has destroyed the keys of distrusted authorities, and recorded the operation in the ledger before its effect", async () => {
    const keys = async () => {
      const ids = await readdir(join(ca.stateDir, "authorities"));
      const hasKey = async (id: string) =>
        (await readdir(join(ca.stateDir, "authorities", id))).includes("ca-key.pem");
      return (await Promise.all(ids.map(async (id) => ((await hasKey(id)) ? [id] : [])))).flat().sort();
    };
    assert.deepEqual(await keys(), ["intermediate-3", "root-2"]);
    const refused = await runKasbahCommand(ca.stateDir, ["authority", "distrust", "root-1", "--yes"]);
    assert.match(refused.err, /root-1 is already distrusted, since .*\(OPERATION_REFUSED\)/);
    const entries = (await kasbah("audit", "export", "--since", "-1h"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const at = (matches: (entry: Record<string, unknown>) => boolean) => entries.findIndex(matches);
    const act = at(
      ({ act: name, arguments: given }) => name === "distrust" && (given as { id: string }).id === "root-1",
    );
    const effect = at(({ authority, stage }) => authority === "root-1" && stage === "retired");
    assert.ok(act >= 0 && act < effect, "recorded before it takes effect");
    assert.match(await kasbah("audit", "verify"), /every entry matches the signed checkpoint/);
  });
});

/** The CA backdates a leaf by a tenth of its lifetime, which is an eleventh of its validity. */
function issuedAt({ validFrom, validTo }: X509Certificate): Date {
  const start = Date.parse(validFrom);
  const backdateMs = Math.floor((Date.parse(validTo) - start) / 11_000) * 1000;
  return new Date(start + Math.min(maxBackdateMs, backdateMs));
}

/** The intermediate that a workload sends with its leaf. */
function intermediateOf({ secret }: ReceivedLeaf): Certificate {
  const chain = Buffer.from(secret.certificateChain).toString();
  const [, second = ""] = chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return parseCertificate(second);
}

function isUnder(received: ReceivedLeaf, bundle: TrustBundle): boolean {
  return bundle.roots.some((root) => intermediateOf(received).isIssuedBy(root));
}
