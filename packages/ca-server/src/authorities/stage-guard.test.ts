import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { FakeClock, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import {
  type AuthoritiesOnDisk,
  dayMs,
  type OnDiskOptions,
  openOnDisk,
} from "./authorities-on-disk.fixture.ts";

const secondMs = 1000;
const keepMs = 7 * dayMs;

describe("Stages under a clock that cannot be believed", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;
  let held: string | undefined;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
    held = undefined;
    await open();
    await issue();
  });
  afterEach(() => directory.remove());

  const open = async (changes: Partial<OnDiskOptions> = {}) => {
    const guarded = { minStageMs: 30 * secondMs, holds: () => held };
    ca = await openOnDisk({ path: directory.path, clock, ...guarded, ...changes });
  };
  const issue = async () => {
    const now = clock.now();
    await ca.keeper.coverLeaf(ca.keeper.activeIssuer(now), new Date(now.getTime() + dayMs));
  };
  /** The CA looks once per second of boot time, and the wall clock keeps pace. */
  const run = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      clock.suspend(secondMs);
      await ca.driver.look(true);
    }
  };
  const stage = () => ca.keeper.state.rotation?.stage;
  const stageOf = (id: string) => ca.keeper.state.authorities.find((one) => one.id === id)?.stage;
  const keysOf = async () => {
    const homes = await readdir(directory.join("authorities"));
    const holding = homes.map(async (id) =>
      (await readdir(directory.join("authorities", id))).includes("ca-key.pem") ? [id] : [],
    );
    return (await Promise.all(holding)).flat().sort();
  };
  /** Rotates the root until the old one has retired. */
  const retireRoot = async () => {
    await ca.driver.rotate("root");
    for (let stages = 0; stages < 3; stages++) {
      clock.suspend(2 * dayMs);
      await run(32);
    }
    assert.equal(stageOf("root-1"), "retired");
  };

  it("begins one stage at most and destroys no key while the clock is eight years ahead for 14 seconds", async () => {
    await ca.driver.rotate("root");
    const before = [await keysOf(), ca.keeper.trustBundle().hash];
    clock.jump(8 * 365 * dayMs);
    await run(14);
    clock.jump(-8 * 365 * dayMs);
    await run(1);
    assert.equal(stage(), "distributed");
    assert.deepEqual([await keysOf(), ca.keeper.trustBundle().hash], before);
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-1");
  });

  it("starts no rotation that is due for a moment only, and never lets an authority of the future sign", async () => {
    clock.jump(300 * dayMs);
    await run(29);
    assert.equal(ca.keeper.state.rotation, undefined);
    clock.jump(-300 * dayMs);
    await run(40);
    assert.equal(ca.keeper.state.made.intermediate, 1);

    clock.jump(300 * dayMs);
    await ca.driver.rotate("intermediate");
    clock.jump(-300 * dayMs);
    await run(100);
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-1");
    assert.match(
      ca.driver.status().rotation?.reason ?? "",
      /intermediate-2 is not valid before .*: check the clock/,
    );
    await ca.driver.abort({});
    assert.equal(stage(), undefined);
  });

  it("starts a due rotation after --min-stage of boot time, on a schedule that leaves it one chance", async () => {
    clock.suspend(300 * dayMs);
    for (let second = 0; second < 31; second++) {
      clock.suspend(secondMs);
      await ca.driver.look(false);
    }
    assert.equal(ca.keeper.state.rotation, undefined);
    await ca.driver.look(true);
    assert.equal(stage(), "prepared");
  });

  it("begins each stage at least --min-stage of boot time after the one before, even if no leaf is valid", async () => {
    clock.suspend(2 * dayMs);
    await ca.driver.rotate("root");
    const seconds: Record<string, number> = {};
    for (let second = 0; stage() !== undefined; second++) {
      seconds[String(stage())] = (seconds[String(stage())] ?? 0) + 1;
      await run(1);
      assert.ok(second < 200);
    }
    assert.deepEqual(seconds, { distributed: 30, active: 30, retiring: 30 });
  });

  it("lets a new intermediate sign after two looks, because nothing waits for it", async () => {
    await ca.driver.rotate("intermediate");
    await run(1);
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-2");
    assert.equal(stage(), "active");
  });

  it("counts a stage again from the start in a restarted process and under a new leader", async () => {
    clock.suspend(2 * dayMs);
    await ca.driver.rotate("root");
    await run(25);
    await open();
    await run(25);
    assert.equal(stage(), "distributed");
    let leads = true;
    await open({ leads: () => leads });
    await run(25);
    leads = false;
    await run(25);
    assert.equal(stage(), "distributed");
    assert.doesNotMatch(ca.driver.status().rotation?.reason ?? "", /--min-stage/, "the leader counts");
    leads = true;
    await run(25);
    assert.equal(stage(), "distributed");
    await run(7);
    assert.equal(stage(), "active");
  });

  it("reports what a stage waits for: the operator, what holds, the leaves, then the rest of its minimum", async () => {
    await ca.driver.rotate("root");
    const reason = () => ca.driver.status().rotation?.reason ?? "";
    assert.match(reason(), /^leaves issued before "distributed" are valid until/);
    clock.suspend(2 * dayMs);
    clock.suspend(-2 * dayMs + 10 * secondMs);
    clock.jump(2 * dayMs);
    assert.equal(reason(), "every stage lasts at least --min-stage: 20 s are left");
    assert.deepEqual(ca.driver.status().rotation?.earliest, new Date(clock.now().getTime() + 20 * secondMs));
    held = "the clock is suspect";
    assert.equal(reason(), "the clock is suspect");
    await ca.driver.pause();
    assert.equal(reason(), "paused by the operator");
  });

  it("starts, advances, retires and destroys nothing while something holds, and continues afterwards", async () => {
    await retireRoot();
    await ca.driver.rotate("intermediate");
    await run(1);
    const before = [ca.keeper.state, await keysOf()];
    held = "the clock is suspect";
    clock.suspend(3000 * dayMs);
    await run(40);
    assert.deepEqual([ca.keeper.state, await keysOf()], before);
    held = undefined;
    await run(100);
    assert.equal(stageOf("intermediate-2"), "retired");
    assert.deepEqual(before[1], ["intermediate-1", "intermediate-2", "intermediate-3", "root-1", "root-2"]);
    assert.ok(!(await keysOf()).includes("root-1"));
  });

  it("keeps the key of a retired authority for --keep-retired-keys, out of memory, and then destroys it", async () => {
    await retireRoot();
    assert.throws(() => ca.keys.of("root-1"), TypeError);
    const { stageSince } = ca.keeper.state.authorities.find(({ id }) => id === "root-1") ?? {};
    assert.ok(stageSince);
    const shown = ca.driver.status().authorities.find(({ id }) => id === "root-1")?.keyKeptUntil;
    assert.ok(shown);
    assert.deepEqual(shown, new Date(stageSince.getTime() + keepMs));
    clock.suspend(shown.getTime() - clock.now().getTime() - 60 * secondMs);
    await run(59);
    assert.deepEqual(await keysOf(), ["intermediate-1", "intermediate-2", "root-1", "root-2"]);
    await run(2);
    assert.deepEqual(await keysOf(), ["intermediate-2", "root-2"]);
    assert.equal(ca.driver.status().authorities.find(({ id }) => id === "root-1")?.keyKeptUntil, undefined);
    await open();
  });

  it("destroys no key right after a start, even if the wall clock says that its time has passed", async () => {
    await retireRoot();
    clock.jump(8 * 365 * dayMs);
    await open({ automatic: false });
    await run(29);
    clock.jump(-8 * 365 * dayMs);
    await run(60);
    assert.deepEqual(await keysOf(), ["intermediate-1", "intermediate-2", "root-1", "root-2"]);
  });

  it("keeps the keys of at most 32 retired authorities, the latest ones", async () => {
    await open({ minStageMs: 0 });
    clock.suspend(2 * dayMs);
    for (let number = 2; number <= 40; number++) {
      await ca.driver.rotate("intermediate");
      await run(5);
    }
    const kept = (await keysOf()).filter((id) => id.startsWith("intermediate"));
    assert.equal(kept.length, 33);
    assert.ok(kept.includes("intermediate-40") && kept.includes("intermediate-8"));
    assert.ok(!kept.includes("intermediate-7"));
  });

  it("destroys retired keys at once with --min-stage 0s --keep-retired-keys 0s, as earlier releases did", async () => {
    await open({ minStageMs: 0, keepRetiredKeysMs: 0 });
    clock.suspend(2 * dayMs);
    await ca.driver.rotate("root");
    await run(3);
    assert.equal(stage(), undefined);
    assert.deepEqual(await keysOf(), ["intermediate-2", "root-2"]);
  });
});
