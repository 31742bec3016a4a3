import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import {
  type WrongClock,
  wrongAtFirstStart,
  wrongAtOneStart,
  wrongClocks,
  wrongWhileRunning,
} from "../harness/clock-scenarios.ts";
import { ClockTrial } from "../harness/clock-trial.ts";
import { findFaketime } from "../harness/wall-clock.ts";

const isWrongClock = (name: string): name is WrongClock => Object.hasOwn(wrongClocks, name);

describe("CA with any wrong clock", function () {
  this.timeout(180_000);
  let library: string;
  before(async function () {
    const found = await findFaketime();
    if (found === undefined) this.skip();
    library = found;
  });

  for (const name of Object.keys(wrongClocks).filter(isWrongClock)) {
    it(`loses nothing while its clock is ${name}, and issues again without a command`, () =>
      wrongWhileRunning(library, name));
    it(`loses nothing by one start with a clock ${name}, and issues again without a command`, () =>
      wrongAtOneStart(library, name));
    it(`issues after at most one command if its first start had a clock ${name}`, () =>
      wrongAtFirstStart(library, name));
  }

  it("is not disturbed by SIGSTOP for a minute, a leap second or a slew", async () => {
    await using trial = await ClockTrial.create(library);
    await trial.start();
    trial.ca.child.kill("SIGSTOP");
    await systemClock.sleep(61_000);
    trial.ca.child.kill("SIGCONT");
    for (const wrongMs of [1_000, 0, -1_000, -2_000, -3_000]) {
      await trial.setWrong(wrongMs);
      await systemClock.sleep(1_500);
      await trial.mustIssue();
    }
    assert.equal(await trial.ca.metric("kasbah_clock_suspect"), 0);
    assert.doesNotMatch(trial.ca.log, /clock is suspect/);
    assert.deepEqual((await trial.ca.readiness()).warnings ?? [], []);
  });
});
