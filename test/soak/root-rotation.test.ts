import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AdminClient, type Mesh, startTraffic } from "@kasbah/cli/mesh";
import type { AuthorityStatusMessage } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { setUpTimeoutMs } from "../harness/envoy.ts";
import { startTestMesh } from "../harness/mesh.ts";
import { createRoot, createSet, installSet } from "../harness/openssl-ca.ts";

/** A stage lasts 1.125 times as long as a leaf. */
const secretTtlMs = 10_000;
const ttlFlags = ["--default-ttl", "10s", "--max-ttl", "10s"];
const giveUpMs = 400_000;

describe("Mesh whose root is rotated under traffic", function () {
  this.timeout(setUpTimeoutMs + giveUpMs);
  let mesh: Mesh;
  let admin: AdminClient;

  before(async () => {
    mesh = await startTestMesh({ secretTtlMs, caFlags: ttlFlags });
    admin = new AdminClient(join(mesh.ca.stateDirectory, "admin.sock"), "the tests");
  });

  after(() => mesh?.stop());

  it("loses no request in three rotations of the root without a restart of any process", async () => {
    const before = pidsOf(mesh);
    await losesNothing(mesh, async () => {
      for (const root of ["root-2", "root-3", "root-4"]) {
        const { rotation } = await admin.rotate("root");
        assert.equal(rotation?.to, root);
        await until(admin, (status) => status.rotation === undefined);
      }
    });
    assert.deepEqual(pidsOf(mesh), before);
    const { authorities } = await admin.status();
    const roots = authorities.filter(({ kind, trusted }) => kind === "root" && trusted);
    assert.deepEqual(
      roots.map(({ id }) => id),
      ["root-4"],
    );
  });

  it("loses no request when the CA is killed in each stage, and the CA resumes that stage with the same keys", async () => {
    await losesNothing(mesh, async () => {
      await admin.rotate("root");
      const seen: string[] = [];
      const fingerprints = new Set<string>();
      for (let status = await admin.status(); status.rotation !== undefined; status = await admin.status()) {
        const { stage, to } = status.rotation;
        if (seen.at(-1) === stage) {
          await systemClock.sleep(200);
          continue;
        }
        seen.push(stage);
        fingerprints.add(fingerprintOf(status, to));
        await mesh.ca.service.kill();
        await mesh.ca.service.start();
        await mesh.ca.service.ready();
        const resumed = await admin.status();
        // On a slow machine, the next stage may have started meanwhile.
        const stages = ["distributed", "active", "retiring", undefined];
        const steps = stages.indexOf(resumed.rotation?.stage) - stages.indexOf(stage);
        assert.ok(steps === 0 || steps === 1, `killed in ${stage}, resumed in ${resumed.rotation?.stage}`);
        assert.equal(resumed.authorities.length, status.authorities.length, "expected no additional root");
        fingerprints.add(fingerprintOf(resumed, to));
      }
      assert.deepEqual(seen, ["distributed", "active", "retiring"]);
      assert.equal(fingerprints.size, 1);
    });
  });

  for (const stage of ["distributed", "active"] as const) {
    it(`loses no request when a rotation is aborted while ${stage}`, async () => {
      await losesNothing(mesh, async () => {
        const before = signerOf(await admin.status());
        await admin.rotate("root");
        const { epoch } = await until(admin, ({ rotation }) => rotation?.stage === stage);
        await systemClock.sleep(secretTtlMs / 2);
        await admin.abort({ ifEpoch: epoch });
        const after = await until(admin, ({ rotation }) => rotation === undefined);
        assert.equal(signerOf(after), before);
        await systemClock.sleep(secretTtlMs);
      });
    });
  }
});

describe("Mesh with a plugged-in CA", function () {
  this.timeout(setUpTimeoutMs + giveUpMs);
  let mesh: Mesh;
  let admin: AdminClient;
  let directory: string;
  const sets = (name: string) => join(directory, "sets", name);

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "kasbah-plugged-in-"));
    const [first, second] = [await createRoot(sets("a"), "first"), await createRoot(sets("b"), "second")];
    await createSet(sets("one"), first, "one", [first]);
    await createSet(sets("two"), first, "two", [first]);
    await createSet(sets("alone"), second, "alone", [second]);
    await createSet(sets("three"), second, "three", [first, second]);
    const rootCaDir = join(directory, "cacerts");
    await installSet(sets("one"), rootCaDir);
    mesh = await startTestMesh({ secretTtlMs, caFlags: [...ttlFlags, "--root-ca-dir", rootCaDir] });
    admin = new AdminClient(join(mesh.ca.stateDirectory, "admin.sock"), "the tests");
  });

  after(async () => {
    await mesh?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const install = (name: string) => installSet(sets(name), join(directory, "cacerts"));

  it("loses no request when the intermediate is replaced under the same root", async () => {
    await losesNothing(mesh, async () => {
      await install("two");
      await until(admin, (status) => signerOf(status) === "intermediate-2" && status.rotation === undefined);
    });
  });

  it("keeps its certificates and reports the reason when a set under a new root does not contain the old root", async () => {
    await losesNothing(mesh, async () => {
      const before = await admin.status();
      await install("alone");
      await systemClock.sleep(8_000);
      assert.equal(signerOf(await admin.status()), signerOf(before));
      const ready = await fetch(`http://127.0.0.1:${mesh.ca.httpAddress.port}/healthz/ready`);
      assert.match(await ready.text(), /its root file does not contain the root in use/);
    });
  });

  it("loses no request when it moves in stages to a new root whose file contains both roots", async () => {
    await losesNothing(mesh, async () => {
      await install("three");
      const begun = await until(admin, ({ rotation }) => rotation?.kind === "root");
      assert.deepEqual([begun.rotation?.from, begun.rotation?.to], ["root-1", "root-2"]);
      const done = await until(admin, ({ rotation }) => rotation === undefined);
      assert.equal(signerOf(done), "intermediate-3");
    });
  });
});

async function losesNothing(mesh: Mesh, work: () => Promise<void>): Promise<void> {
  const traffic = startTraffic(mesh.entry, systemClock);
  try {
    await work();
    await systemClock.sleep(1_000);
  } finally {
    const { requests, failures, firstFailure } = await traffic.stop();
    assert.equal(failures, 0, `${failures} of ${requests} requests failed, the first with: ${firstFailure}`);
    assert.ok(requests > 50, `${requests} requests`);
  }
}

async function until(
  admin: AdminClient,
  isReached: (status: AuthorityStatusMessage) => boolean,
): Promise<AuthorityStatusMessage> {
  const startedAt = systemClock.monotonicMs();
  for (;;) {
    const status = await admin.status();
    if (isReached(status)) return status;
    assert.ok(systemClock.monotonicMs() - startedAt < giveUpMs, JSON.stringify(status.rotation));
    await systemClock.sleep(200);
  }
}

function signerOf({ authorities }: AuthorityStatusMessage): string | undefined {
  return authorities.findLast(({ signs, kind }) => signs && kind === "intermediate")?.id;
}

function fingerprintOf({ authorities }: AuthorityStatusMessage, id: string): string {
  return authorities.find((authority) => authority.id === id)?.fingerprint ?? "none";
}

function pidsOf({ ca, frontend, backend }: Mesh): readonly unknown[] {
  return [ca.service, frontend.agent, frontend.envoy, backend.agent, backend.envoy].map(({ pid }) => pid);
}
