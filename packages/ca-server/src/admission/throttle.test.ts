import assert from "node:assert/strict";
import { FakeClock, throwsWithCode } from "@kasbah/testkit";
import { CaError } from "../errors.ts";
import type { Throttle } from "../issuance/ports.ts";
import { createThrottle } from "./throttle.ts";

const rate = { perMinute: 6, burst: 2 };

describe("The throttle", () => {
  let clock: FakeClock;
  let throttle: Throttle;

  beforeEach(() => {
    clock = new FakeClock();
    throttle = createThrottle(clock);
  });

  const own = (caller: string) => throttle.takeOwn(caller, rate, "test");
  const refusal = (work: () => unknown): CaError => {
    const error = throwsWithCode(work, "RATE_LIMITED");
    assert.ok(error instanceof CaError);
    return error;
  };
  /** How many of so many calls at once may go on. */
  const countOf = (calls: number, work: () => unknown): number =>
    Array.from({ length: calls }).filter(() => {
      try {
        work();
        return true;
      } catch {
        return false;
      }
    }).length;

  it("refuses a caller beyond its burst, by its rule, and says when to come again", () => {
    assert.equal(
      countOf(2, () => own("one")),
      2,
    );
    const { message, facts, retryAfterMs } = refusal(() => own("one"));
    assert.deepEqual(facts, { rule: "test", expected: "at most 6 per minute", fix: "retry in 10 s" });
    assert.equal(retryAfterMs, 10_000);
    assert.equal(
      message,
      "this caller sends too many requests, by the rule test, expected at most 6 per minute: retry in 10 s",
    );
  });

  it("lets the caller go on as soon as it said, and not before", async () => {
    countOf(2, () => own("one"));
    await clock.advance(9_999);
    assert.equal(refusal(() => own("one")).retryAfterMs, 1);
    await clock.advance(1);
    own("one");
    refusal(() => own("one"));
  });

  it("keeps callers apart, so that none can use up what is another's", () => {
    assert.equal(
      countOf(50, () => own("greedy")),
      2,
    );
    assert.equal(
      countOf(2, () => own("modest")),
      2,
    );
  });

  it("has one bucket for all together, which no caller's name can reach", () => {
    assert.equal(
      countOf(3, () => throttle.takeGlobal(rate)),
      2,
    );
    const { message, facts } = refusal(() => throttle.takeGlobal(rate));
    assert.match(message, /^all callers together send too many requests/);
    assert.equal(facts.rule, undefined);
    for (const name of ["", "caller ", "global"])
      assert.equal(
        countOf(2, () => own(name)),
        2,
        name,
      );
  });

  it("does not mind steps of the wall clock", () => {
    countOf(2, () => own("one"));
    clock.jump(86_400_000);
    refusal(() => own("one"));
    clock.jump(-10 * 86_400_000);
    assert.equal(refusal(() => own("one")).retryAfterMs, 10_000);
  });

  it("forgets who called least lately, so that no crowd of names makes memory grow", () => {
    countOf(2, () => own("first"));
    countOf(2, () => own("second"));
    for (let number = 0; number < 99_999; number++) own(`caller ${number}`);
    refusal(() => own("second"));
    assert.equal(
      countOf(1, () => own("first")),
      1,
    );
  });
});
