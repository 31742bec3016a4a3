import assert from "node:assert/strict";
import { FakeClock, recordingLogger, rejectsWithCode } from "@kasbah/testkit";
import { StateError } from "../errors.ts";
import { confirmed } from "./judge.ts";
import { retryInDoubt } from "./retry-in-doubt.ts";
import { TrustedClock } from "./trusted-clock.ts";

describe("retryInDoubt", () => {
  const machine = new FakeClock("2030-01-01T00:00:00Z");
  const logger = recordingLogger();
  const initial = confirmed({ wallMs: machine.now().getTime(), bootMs: 0 });
  const bounds = { maxJumpMs: 86_400_000, maxGapMs: 86_400_000 };
  const clock = new TrustedClock({ clock: machine, bounds, buildMs: 0, initial, logger });
  const deps = { clock, watch: { look: async () => 0 }, logger };
  let calls = 0;
  const failing = (code: "STATE_NOT_DURABLE" | "STATE_DAMAGED") => async () => {
    calls += 1;
    throw new StateError(code, "no");
  };

  it("fails at once if the clock is right, or if the clock cannot be the reason", async () => {
    await rejectsWithCode(retryInDoubt(failing("STATE_NOT_DURABLE"), deps), "STATE_NOT_DURABLE");
    machine.jump(-3_600_000);
    await rejectsWithCode(retryInDoubt(failing("STATE_DAMAGED"), deps), "STATE_DAMAGED");
    assert.equal(calls, 2);
  });

  it("repeats the work while the clock is in doubt, and logs that once", async () => {
    calls = 0;
    let isDown = true;
    const work = () => (isDown ? failing("STATE_NOT_DURABLE")() : Promise.resolve("done"));
    const result = retryInDoubt(work, deps);
    await machine.runFor(5_000);
    isDown = false;
    await machine.runFor(1_000);
    assert.equal(await result, "done");
    assert.ok(calls >= 5);
    assert.equal(logger.named("start waits for the clock of this machine").length, 1);
  });
});
