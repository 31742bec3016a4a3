import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { nodeFs } from "@kasbah/runtime";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import {
  type AuthoritiesOnDisk,
  dayMs,
  type OnDiskOptions,
  openOnDisk,
} from "./authorities-on-disk.fixture.ts";

const leafMs = dayMs;
const hourMs = 3_600_000;

describe("RotationDriver", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
    await open();
  });
  afterEach(() => directory.remove());

  const open = async (changes: Partial<OnDiskOptions> = {}) => {
    ca = await openOnDisk({ path: directory.path, clock, ...changes });
  };
  /** Issues a leaf from the active authority. */
  const issue = async () => {
    const now = clock.now();
    await ca.keeper.coverLeaf(ca.keeper.activeIssuer(now), new Date(now.getTime() + leafMs));
  };
  const stages = () => Object.fromEntries(ca.keeper.state.authorities.map(({ id, stage }) => [id, stage]));
  const pass = async (ms: number, mayStart = false) => {
    clock.jump(ms);
    await ca.driver.look(mayStart);
  };
  /** Looks as often as the stages need that wait for nothing. */
  const look = async (mayStart = false) => {
    for (let looks = 0; looks < 4; looks++) await ca.driver.look(mayStart);
  };

  /** Advances to the stage in which the new authority signs while leaves of the old one are valid. */
  const reachActive = async () => {
    await issue();
    await ca.driver.rotate("root");
    await pass(20 * hourMs);
    await issue();
    await pass(8 * hourMs);
    assert.equal(ca.keeper.state.rotation?.stage, "active");
  };

  describe("manual rotation", () => {
    it("refuses a second rotation, a paused rotation, and an abort based on an outdated epoch", async () => {
      await issue();
      const { epoch } = await ca.driver.rotate("root");
      await rejectsWithCode(ca.driver.rotate("root"), "OPERATION_REFUSED");
      await rejectsWithCode(ca.driver.abort({ ifEpoch: epoch - 1 }), "OPERATION_REFUSED");
      assert.equal(ca.keeper.state.rotation?.stage, "distributed");
      await ca.driver.abort({ ifEpoch: epoch });
      await ca.driver.pause();
      const before = await readdir(directory.join("authorities"));
      await rejectsWithCode(ca.driver.rotate("root"), "OPERATION_REFUSED");
      assert.deepEqual(await readdir(directory.join("authorities")), before, "no unused key was created");
    });

    it("warns while a transition cannot be written, and continues when it can", async () => {
      let isFull = false;
      const full = () => Object.assign(new Error("write"), { code: "ENOSPC" });
      await open({
        fs: {
          ...nodeFs,
          open: async (...given) => (isFull ? Promise.reject(full()) : nodeFs.open(...given)),
        },
      });
      await ca.driver.rotate("root");
      isFull = true;
      await pass(leafMs);
      const [warning, ...others] = ca.warnings();
      assert.match(
        warning ?? "",
        /^state: cannot be written: no space left on the device \(ENOSPC\): rotations/,
      );
      assert.deepEqual([others, ca.keeper.stateTrouble.troubles()], [[], []]);
      const refused = await rejectsWithCode(ca.driver.pause(), "STATE_NOT_DURABLE");
      assert.match(
        refused.message,
        /state-.\.json: no space left on the device \(ENOSPC\); nothing was changed/,
      );
      isFull = false;
      await ca.keeper.stateTrouble.probe();
      assert.deepEqual(ca.warnings(), []);
    });

    it("does not advance while paused, and continues when resumed", async () => {
      await issue();
      await ca.driver.rotate("root");
      await ca.driver.pause();
      await pass(10 * leafMs);
      assert.equal(ca.keeper.state.rotation?.stage, "distributed");
      const { paused, rotation } = ca.driver.status();
      assert.deepEqual(
        [paused, rotation?.mayAdvance, rotation?.reason],
        [true, false, "paused by the operator"],
      );
      await ca.driver.resume();
      await look();
      assert.equal(ca.keeper.state.rotation, undefined);
    });

    it("replaces the root in stages, each of which ends when the leaves issued before it have expired", async () => {
      await issue();
      await ca.driver.rotate("root");
      const seen: unknown[] = [];
      for (let hour = 0; ca.keeper.state.rotation !== undefined; hour++) {
        const { stage } = ca.keeper.state.rotation;
        if (seen.at(-1) !== stage) seen.push(stage);
        await issue();
        await pass(hourMs);
        assert.ok(hour < 100);
      }
      assert.deepEqual(seen, ["distributed", "active", "retiring"]);
      assert.deepEqual(stages(), {
        "root-1": "retired",
        "intermediate-1": "retired",
        "root-2": "active",
        "intermediate-2": "active",
      });
    });

    it("returns to the old authority while the new one signs, and can start the rotation again", async () => {
      await reachActive();
      await issue();
      assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-2");
      await ca.driver.abort({});
      assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-1");
      assert.equal(ca.keeper.trustBundle().roots.length, 2, "leaves of the new authority exist");
      await pass(2 * leafMs);
      assert.equal(ca.keeper.trustBundle().roots.length, 1);
      await issue();
      const status = await ca.driver.rotate("root");
      assert.equal(status.rotation?.to, "root-3");
    });

    it("keeps the CA's serving certificate under the old authority until that one retires", async () => {
      await reachActive();
      assert.equal(ca.keeper.servingIssuer(clock.now()).authorityId, "intermediate-1");
      await issue();
      await pass(2 * leafMs);
      assert.equal(ca.keeper.servingIssuer(clock.now()).authorityId, "intermediate-2");
    });

    it("reports the rotation in progress and the earliest time at which it may advance", async () => {
      await issue();
      const { rotation, authorities } = await ca.driver.rotate("root");
      assert.ok(rotation);
      const { kind, from, to, stage, mayAdvance, earliest } = rotation;
      assert.deepEqual(
        [kind, from, to, stage, mayAdvance],
        ["root", "root-1", "root-2", "distributed", false],
      );
      assert.ok(earliest && earliest.getTime() >= clock.now().getTime() + leafMs);
      const signing = authorities.filter(({ signs }) => signs).map(({ id }) => id);
      assert.deepEqual(signing, ["root-1", "intermediate-1"]);
    });
  });

  describe("automatic rotation", () => {
    it("replaces the intermediate at two thirds of its lifetime, but only when the schedule triggers a check", async () => {
      await pass(243 * dayMs, true);
      assert.deepEqual(stages(), { "root-1": "active", "intermediate-1": "active" });
      await pass(dayMs);
      assert.equal(ca.keeper.state.rotation, undefined, "nothing starts between two checks of the schedule");
      await look(true);
      assert.equal(ca.keeper.state.signerId, "intermediate-2");
    });

    it("starts no rotation if rotations are manual", async () => {
      await open({ automatic: false });
      await pass(300 * dayMs, true);
      assert.equal(ca.keeper.state.signerId, "intermediate-1");
      assert.ok(ca.driver.status().warnings.some((text) => text.includes("only start manually")));
    });

    it("starts no rotation after an abort until the operator resumes rotations", async () => {
      await issue();
      await pass(250 * dayMs);
      await issue();
      await ca.driver.rotate("root");
      await ca.driver.abort({});
      await pass(dayMs, true);
      assert.equal(ca.keeper.state.rotation, undefined);
      await ca.driver.resume();
      await look(true);
      assert.equal(ca.keeper.state.signerId, "intermediate-3");
    });

    it("replaces both intermediates in time while a stage of a root rotation outlasts them", async () => {
      await open({ intermediateTtlMs: 30 * dayMs });
      await ca.keeper.coverLeaf(
        ca.keeper.activeIssuer(clock.now()),
        new Date(clock.now().getTime() + 90 * dayMs),
      );
      await ca.driver.rotate("root");
      for (let days = 0; days < 400; days++) {
        await pass(dayMs, true);
        await issue();
        assert.ok(ca.keeper.servingIssuer(clock.now()).latestLeafExpiry.getTime() > clock.now().getTime());
      }
      assert.equal(stages()["root-1"], "retired");
      assert.equal(ca.keeper.state.made.root, 2);
    });
    for (const hold of ["paused", "aborted", "manual"] as const) {
      it(`replaces an expired intermediate at start-up although rotations are ${hold}, and keeps them so`, async () => {
        if (hold === "paused") await ca.driver.pause();
        if (hold === "aborted") {
          await issue();
          await ca.driver.rotate("root");
          await ca.driver.abort({});
        }
        const before = ca.keeper.state.hold;
        clock.jump(400 * dayMs);
        await open({ automatic: hold !== "manual" });
        await ca.driver.start();
        const { signerId, hold: after, rotation } = ca.keeper.state;
        assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, signerId);
        assert.equal(ca.keeper.servingIssuer(clock.now()).authorityId, signerId);
        assert.deepEqual([after, rotation], [before, undefined]);
        assert.equal(stages()["intermediate-1"], "retired");
        assert.equal(ca.logger.named("replacing an invalid authority outside of a rotation").length, 1);
        await ca.driver.stop();
      });
    }

    it("replaces an intermediate that a clock far ahead created, when the clock is right again, and trusts its leaves", async () => {
      clock.jump(400 * dayMs);
      await open();
      await ca.driver.start();
      await issue();
      assert.equal(ca.keeper.state.signerId, "intermediate-2");
      await ca.driver.stop();
      clock.jump(-400 * dayMs);
      assert.throws(() => ca.keeper.activeIssuer(clock.now()), /is not valid yet: .*intermediate-invalid/);
      await ca.driver.look(true);
      assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-3");
      assert.equal(stages()["intermediate-2"], "retiring");
    });

    it("does not replace an expired intermediate while something holds, or before --min-stage has passed", async () => {
      let held: string | undefined = "the clock is in doubt";
      clock.jump(400 * dayMs);
      await open({ holds: () => held, minStageMs: 30_000 });
      await ca.driver.start();
      clock.suspend(60_000);
      await ca.driver.look(true);
      assert.equal(ca.keeper.state.signerId, "intermediate-1");
      held = undefined;
      await ca.driver.look(true);
      clock.suspend(29_000);
      await ca.driver.look(true);
      assert.equal(ca.keeper.state.signerId, "intermediate-1");
      clock.suspend(1_000);
      await ca.driver.look(true);
      assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-2");
      await ca.driver.stop();
    });

    it("recovers from a long suspension during which the intermediate expired", async () => {
      clock.jump(400 * dayMs);
      await open();
      assert.throws(() => ca.keeper.activeIssuer(clock.now()), { code: "ISSUER_UNAVAILABLE" });
      await ca.driver.start();
      assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-2");
      assert.equal(ca.keeper.servingIssuer(clock.now()).authorityId, "intermediate-2");
      await ca.driver.stop();
    });
  });

  it("neither starts nor advances a rotation while something holds", async () => {
    let held: string | undefined = "the clock is suspect";
    await open({ holds: () => held });
    await issue();
    await ca.driver.rotate("root");
    const { epoch } = ca.keeper.state;
    await pass(3650 * dayMs, true);
    assert.equal(ca.keeper.state.epoch, epoch);
    held = undefined;
    clock.jump(-3650 * dayMs);
    await ca.driver.look(true);
    assert.equal(ca.keeper.state.rotation?.stage, "distributed");
  });

  it("resumes a rotation after a kill in the same stage with the same keys, and never creates a second root", async () => {
    await issue();
    await ca.driver.rotate("root");
    const seen = new Set<string>();
    const roots = new Set<string>();
    for (let turn = 0; ca.keeper.state.rotation !== undefined; turn++) {
      const before = ca.keeper.state;
      // A new process has only the state on disk.
      await open();
      assert.deepEqual(ca.keeper.state.rotation, before.rotation);
      seen.add(String(before.rotation?.stage));
      for (const { id, kind, certificate } of ca.keeper.state.authorities) {
        if (kind === "root") roots.add(`${id} ${certificate.fingerprint}`);
      }
      await issue();
      await pass(4 * hourMs);
      assert.ok(turn < 100);
    }
    assert.deepEqual([...seen], ["distributed", "active", "retiring"]);
    assert.equal(roots.size, 2);
  });

  it("continues with a successor that every client trusts when the root expired while the CA was off", async () => {
    await issue();
    await ca.driver.rotate("root");
    clock.jump(3650 * dayMs);
    await open();
    await look();
    assert.equal(ca.keeper.state.authorities.find(({ id }) => id === "root-1")?.stage, "retired");
    // The successor is almost as old as the root and has expired as well.
    await open();
    await ca.driver.look(true);
    assert.throws(() => ca.keeper.activeIssuer(clock.now()), /root-invalid/);
    await ca.driver.rotate("root");
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-3");
  });

  it("refuses to create an intermediate if none is configured", async () => {
    await using other = await temporaryDirectory();
    await open({ path: other.path, withIntermediate: false });
    const { message } = await rejectsWithCode(ca.driver.rotate("intermediate"), "OPERATION_REFUSED");
    assert.match(message, /rotate the root/);
  });

  it("creates an intermediate under a root that signed alone, as soon as one is configured", async () => {
    await using other = await temporaryDirectory();
    await open({ path: other.path, withIntermediate: false });
    assert.equal(ca.keeper.state.signerId, "root-1");
    await open({ path: other.path });
    await look(true);
    assert.equal(ca.keeper.state.signerId, "intermediate-1");
    assert.equal(ca.keeper.state.authorities[0]?.stage, "active");
  });
});
