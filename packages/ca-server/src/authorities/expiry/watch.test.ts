import assert from "node:assert/strict";
import {
  FakeClock,
  manualSweep,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "../authorities-on-disk.fixture.ts";
import { expiryWarnings } from "./warnings.ts";
import { ExpiryWatch } from "./watch.ts";

describe("ExpiryWatch", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
    ca = await openOnDisk({ path: directory.path, clock, automatic: false });
  });
  afterEach(() => directory.remove());

  const levelsAt = (daysLeft: number) => {
    const end = new Date(clock.now().getTime() + (365 - daysLeft) * dayMs);
    return expiryWarnings(ca.keeper.state, end).map(({ id, level }) => `${id} ${level}`);
  };

  it("warns at rising levels thirty days, a week and a day before an authority expires, and afterwards", () => {
    assert.deepEqual(levelsAt(31), []);
    assert.deepEqual(levelsAt(30), ["intermediate-1 info"]);
    assert.deepEqual(levelsAt(7), ["intermediate-1 warn"]);
    assert.deepEqual(levelsAt(1), ["intermediate-1 error"]);
    assert.deepEqual(levelsAt(-1), ["intermediate-1 error"]);
  });

  it("warns at shares of the lifetime if it is shorter than the fixed periods", async () => {
    await using other = await temporaryDirectory();
    const lifeMs = 16 * 60_000;
    ca = await openOnDisk({ path: other.path, clock, rootTtlMs: lifeMs, intermediateTtlMs: lifeMs });
    const levelAt = (minutesLeft: number) => {
      const at = new Date(clock.now().getTime() + lifeMs - minutesLeft * 60_000);
      return expiryWarnings(ca.keeper.state, at).map(({ level }) => level);
    };
    assert.deepEqual(levelAt(5), []);
    assert.deepEqual(levelAt(4), ["info", "info"]);
    assert.deepEqual(levelAt(2), ["warn", "warn"]);
    assert.deepEqual(levelAt(1), ["error", "error"]);
  });

  it("does not warn about a retiring authority whose successor signs", async () => {
    await ca.keeper.coverLeaf(ca.keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
    await ca.driver.rotate("intermediate");
    await ca.driver.look(false);
    clock.jump(dayMs);
    const inAYear = new Date(clock.now().getTime() + 360 * dayMs);
    assert.deepEqual(
      expiryWarnings(ca.keeper.state, inAYear).map(({ id }) => id),
      ["intermediate-2"],
    );
  });

  it("logs each level when an authority reaches it, and then once a day", async () => {
    const logger = recordingLogger();
    const sweep = manualSweep();
    const watch = new ExpiryWatch({ authorities: ca.keeper, sweep: sweep.sweep, clock, logger });
    await watch.start();
    clock.jump((365 - 8) * dayMs);
    for (let hour = 0; hour < 36; hour++) {
      sweep.tick();
      clock.jump(3_600_000);
    }
    await watch.stop();
    assert.deepEqual(
      logger.events.map(({ level, facts }) => [level, facts["authority"]]),
      [
        ["info", "intermediate-1"],
        ["warn", "intermediate-1"],
      ],
    );
    assert.equal(sweep.running, 0);
  });
});
