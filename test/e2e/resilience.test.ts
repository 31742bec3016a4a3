import assert from "node:assert/strict";
import { getOnce, type Mesh, type Service, startTraffic, type Workload } from "@kasbah/cli/mesh";
import { systemClock } from "@kasbah/runtime";
import { setUpTimeoutMs } from "../harness/envoy.ts";
import { startTestMesh } from "../harness/mesh.ts";

/**
 * Long enough that nothing expires while a component is down for a few seconds, short enough to observe later
 * rotations.
 */
const secretTtlMs = 20_000;
const downMs = 3_000;

describe("Mesh under traffic", function () {
  this.timeout(setUpTimeoutMs);
  let mesh: Mesh;

  before(async () => {
    mesh = await startTestMesh({ secretTtlMs });
  });

  after(() => mesh?.stop());

  it("loses no request while the CA is killed and restarted, and rotates afterwards", async () => {
    await losesNothing(mesh, async () => {
      const before = await serialsOf(mesh);
      await crashAndRestart(mesh.ca.service);
      await rotatedSince(mesh, before);
    });
  });

  for (const side of ["frontend", "backend"] as const) {
    it(`loses no request while ${side}'s agent is killed and restarted, and rotates afterwards`, async () => {
      await losesNothing(mesh, async () => {
        await crashAndRestart(mesh[side].agent);
        await rotatedSince(mesh, await serialsOf(mesh));
      });
    });

    it(`serves again automatically after ${side}'s Envoy is killed and restarted`, async () => {
      const traffic = startTraffic(mesh.entry, systemClock);
      await systemClock.sleep(500);
      await crashAndRestart(mesh[side].envoy);
      await traffic.stop();
      await losesNothing(mesh, () => systemClock.sleep(2_000));
    });
  }

  it("drains on SIGTERM: the agent and the CA exit with code 0", async () => {
    const { agent, envoy } = mesh.frontend;
    const ends = [agent.ended, mesh.ca.service.ended];
    await agent.stop();
    await mesh.ca.service.stop();
    assert.deepEqual(await Promise.all(ends), ["exit code 0", "exit code 0"]);
    await mesh.ca.service.start();
    await agent.start();
    await Promise.all([agent.ready(), envoy.ready()]);
  });
});

describe("Mesh whose CA is down", function () {
  this.timeout(setUpTimeoutMs);
  const ttlMs = 30_000;
  let mesh: Mesh;

  before(async () => {
    mesh = await startTestMesh({ secretTtlMs: ttlMs });
  });

  after(() => mesh?.stop());

  it("loses no request while a due rotation fails, and rotates when the CA is back", async () => {
    await losesNothing(mesh, async () => {
      const before = await serialsOf(mesh);
      await mesh.ca.service.kill();
      await systemClock.sleep(ttlMs * 0.6);
      assert.deepEqual(await serialsOf(mesh), before, "no agent can have rotated");
      await mesh.ca.service.start();
      await rotatedSince(mesh, before);
    });
  });

  it("recovers automatically if the CA is down until every certificate has expired", async () => {
    await mesh.ca.service.kill();
    await systemClock.sleep(ttlMs * 1.1);
    const { status } = await getOnce(mesh.entry, "/");
    assert.equal(status, 503, "an expired certificate must not work");
    await mesh.ca.service.start();
    await until("requests succeed again", async () => (await getOnce(mesh.entry, "/")).status === 200);
  });
});

async function losesNothing(mesh: Mesh, during: () => Promise<void>): Promise<void> {
  const traffic = startTraffic(mesh.entry, systemClock);
  await systemClock.sleep(500);
  try {
    await during();
    await systemClock.sleep(500);
  } finally {
    await traffic.stop();
  }
  const { requests, failures, firstFailure } = traffic.result();
  assert.equal(failures, 0, `${failures} of ${requests} requests failed, the first: ${firstFailure}`);
  assert.ok(requests > 20, `only ${requests} requests were sent`);
}

async function crashAndRestart(service: Service): Promise<void> {
  await service.kill();
  await systemClock.sleep(downMs);
  await service.start();
  await service.ready();
}

function serialsOf(mesh: Mesh): Promise<readonly (string | undefined)[]> {
  return Promise.all([mesh.frontend, mesh.backend].map(serialOf));
}

async function rotatedSince(mesh: Mesh, before: readonly (string | undefined)[]): Promise<void> {
  await until("both workloads have rotated", async () => {
    return (await serialsOf(mesh)).every((serial, i) => serial !== undefined && serial !== before[i]);
  });
}

async function serialOf({ admin, spiffeId }: Workload): Promise<string | undefined> {
  return (await admin.certificates()).find(({ uris }) => uris.includes(spiffeId))?.serial;
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const startedAt = systemClock.monotonicMs();
  while (!(await isSo())) {
    assert.ok(systemClock.monotonicMs() - startedAt < 60_000, `timed out after 60 s: ${what}`);
    await systemClock.sleep(200);
  }
}
