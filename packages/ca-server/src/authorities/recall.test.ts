import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import {
  type AuthoritiesOnDisk,
  dayMs,
  type OnDiskOptions,
  openOnDisk,
} from "./authorities-on-disk.fixture.ts";

describe("Recall of an authority", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
    await open();
    await issue();
  });
  afterEach(() => directory.remove());

  const open = async (changes: Partial<OnDiskOptions> = {}) => {
    ca = await openOnDisk({ path: directory.path, clock, ...changes });
  };
  const issue = async (ms = dayMs) => {
    const now = clock.now();
    await ca.keeper.coverLeaf(ca.keeper.activeIssuer(now), new Date(now.getTime() + ms));
  };
  const pass = async (ms: number) => {
    clock.suspend(ms);
    await ca.driver.look(false);
  };
  const stages = () => Object.fromEntries(ca.keeper.state.authorities.map(({ id, stage }) => [id, stage]));
  const trusts = (id: string) => {
    const found = ca.keeper.state.authorities.find((one) => one.id === id);
    return found !== undefined && ca.keeper.trustBundle().contains(found.certificate);
  };
  const signer = () => ca.keeper.activeIssuer(clock.now()).authorityId;
  /** Advances the rotation until it reaches a stage, with leaves of both roots outstanding. */
  const reach = async (stage: string | undefined) => {
    for (let turn = 0; ca.keeper.state.rotation?.stage !== stage; turn++) {
      await issue();
      await pass(10 * 3_600_000);
      assert.ok(turn < 100);
    }
  };
  const refused = async (id: string) =>
    (await rejectsWithCode(ca.driver.recall(id), "OPERATION_REFUSED")).message;

  it("refuses an authority that is unknown, signs, is about to sign or can still be returned to by an abort", async () => {
    assert.match(await refused("root-9"), /no authority root-9/);
    assert.match(await refused("root-1"), /root-1 already signs/);
    assert.match(await refused("intermediate-1"), /already signs/);
    await ca.driver.rotate("root");
    assert.match(await refused("root-2"), /root-2 is distributed: it is about to sign/);
    await reach("active");
    assert.match(await refused("root-1"), /kasbah authority abort returns to it/);
    assert.equal(ca.keeper.state.rotation?.stage, "active");
  });

  it("refuses a distrusted authority and an intermediate under a distrusted root, and says so", async () => {
    await ca.compromise.distrust("root-1");
    for (const id of ["root-1", "intermediate-1"]) {
      assert.match(
        await refused(id),
        /root-1 was distrusted at 2030-.*, which cannot be undone: rotate instead/,
      );
    }
  });

  it("refuses an authority whose key was destroyed, by time or by an earlier release, and one that has expired", async () => {
    await ca.driver.rotate("intermediate");
    await reach(undefined);
    await rm(directory.join("authorities", "intermediate-1", "ca-key.pem"));
    assert.match(await refused("intermediate-1"), /the key of intermediate-1 was destroyed: rotate instead/);
    await open();
    await pass(0);
    assert.match(await refused("intermediate-1"), /no longer has the key of intermediate-1/);
    await ca.driver.rotate("intermediate");
    await reach(undefined);
    await pass(8 * dayMs);
    assert.match(await refused("intermediate-2"), /no longer has the key/);
    await ca.driver.rotate("intermediate");
    await reach("retiring");
    clock.suspend(400 * dayMs);
    assert.match(await refused("intermediate-3"), /intermediate-3 expired at .*: rotate instead/);
  });

  it("refuses while rotations are paused, and changes nothing", async () => {
    await ca.driver.rotate("root");
    await reach(undefined);
    await ca.driver.pause();
    const before = ca.keeper.state;
    assert.match(await refused("root-1"), /resume/);
    assert.equal(ca.keeper.state, before);
  });

  it("brings a retired root back into the bundle first, and lets it sign once every client can hold it", async () => {
    await ca.driver.rotate("root");
    await reach(undefined);
    assert.deepEqual([trusts("root-1"), trusts("root-2"), signer()], [false, true, "intermediate-2"]);
    await issue();
    const { rotation } = await ca.driver.recall("root-1");
    assert.deepEqual([rotation?.from, rotation?.to, rotation?.stage], ["root-2", "root-1", "distributed"]);
    assert.deepEqual([trusts("root-1"), trusts("root-2"), signer()], [true, true, "intermediate-2"]);
    await pass(20 * 3_600_000);
    assert.equal(signer(), "intermediate-2", "a client that has not renewed yet does not trust root-1");
    await reach("active");
    assert.deepEqual([trusts("root-1"), trusts("root-2"), signer()], [true, true, "intermediate-1"]);
    await reach(undefined);
    assert.deepEqual(stages(), {
      "root-1": "active",
      "intermediate-1": "active",
      "root-2": "retired",
      "intermediate-2": "retired",
    });
    await open();
    await issue();
  });

  it("survives a restart at every stage, and starts no rotation of the old root until the operator resumes", async () => {
    clock.suspend(2500 * dayMs);
    await ca.driver.rotate("intermediate");
    await pass(0);
    await ca.driver.rotate("root");
    await reach(undefined);
    await ca.driver.recall("root-1");
    await open();
    for (let turn = 0; ca.keeper.state.rotation !== undefined; turn++) {
      await open();
      await issue();
      await pass(10 * 3_600_000);
      await ca.driver.look(true);
      assert.ok(turn < 100);
    }
    assert.equal(ca.keeper.state.authorities.find(({ id }) => id === "root-1")?.stage, "active");
    assert.equal(ca.keeper.state.made.root, 2);
    assert.ok(ca.driver.status().warnings.some((text) => text.includes("recalled")));
    await ca.driver.resume();
    await ca.driver.look(true);
    assert.equal(ca.keeper.state.made.root, 3);
  });

  it("brings a retiring root back without taking it out of the bundle", async () => {
    await ca.driver.rotate("root");
    await reach("retiring");
    await ca.driver.recall("root-1");
    const { rotation } = ca.keeper.state;
    assert.deepEqual(
      [rotation?.from, rotation?.to, rotation?.stage],
      ["intermediate-2", "intermediate-1", "distributed"],
    );
    for (let turn = 0; ca.keeper.state.rotation !== undefined; turn++) {
      assert.ok(trusts("root-1"));
      await issue();
      await pass(10 * 3_600_000);
      assert.ok(turn < 100);
    }
    assert.deepEqual([signer(), trusts("root-2")], ["intermediate-1", false]);
  });

  it("keeps a recalled root trusted after an abort for as long as leaves under it are valid", async () => {
    await ca.driver.rotate("root");
    await reach("active");
    await issue(20 * dayMs);
    await ca.driver.abort({});
    assert.equal(stages()["root-2"], "retiring");
    await ca.driver.recall("root-2");
    await ca.driver.abort({});
    assert.equal(ca.keeper.state.rotation, undefined);
    assert.deepEqual([stages()["root-2"], trusts("root-2")], ["retiring", true]);
    const view = ca.driver.status().authorities.find(({ id }) => id === "root-2");
    assert.match(view?.waitsFor ?? "", /leaves under it are valid until/);
    await pass(19 * dayMs);
    assert.ok(trusts("root-2"));
    await pass(5 * dayMs);
    assert.deepEqual([stages()["root-2"], stages()["intermediate-2"]], ["retired", "retired"]);
    assert.ok(!trusts("root-2"));
  });

  it("lets a recalled intermediate under the same root sign at once", async () => {
    await ca.driver.rotate("intermediate");
    await pass(0);
    await issue();
    await ca.driver.rotate("intermediate");
    await pass(0);
    await issue();
    assert.deepEqual([signer(), stages()["intermediate-1"]], ["intermediate-3", "retiring"]);
    const bundle = ca.keeper.trustBundle().hash;
    await ca.driver.recall("intermediate-1");
    await pass(0);
    assert.deepEqual([signer(), stages()["intermediate-2"]], ["intermediate-1", "retiring"]);
    assert.equal(ca.keeper.trustBundle().hash, bundle);
  });

  it("creates an intermediate for a recalled root whose own have expired, and prefers one that has not", async () => {
    await open({ intermediateTtlMs: 30 * dayMs, keepRetiredKeysMs: 90 * dayMs });
    await ca.driver.rotate("root");
    await reach(undefined);
    await ca.driver.rotate("root");
    await reach(undefined);
    await ca.driver.recall("root-2");
    assert.equal(ca.keeper.state.rotation?.to, "intermediate-2");
    await ca.driver.abort({});
    clock.suspend(40 * dayMs);
    await ca.driver.rotate("intermediate");
    await pass(0);
    await ca.driver.recall("root-2");
    assert.equal(ca.keeper.state.rotation?.to, "intermediate-5");
    await reach("active");
    assert.equal(signer(), "intermediate-5");
    await open();
    await issue();
  });
});
