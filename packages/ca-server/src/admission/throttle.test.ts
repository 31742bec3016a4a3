import assert from "node:assert/strict";
import { FakeClock, throwsWithCode } from "@kasbah/testkit";
import { CaError } from "../errors.ts";
import type { Throttle } from "../issuance/ports.ts";
import { createThrottle } from "./throttle.ts";

const rate = { perMinute: 6, burst: 2 };

describe("createThrottle", () => {
  let clock: FakeClock;
  let throttle: Throttle;

  beforeEach(() => {
    clock = new FakeClock();
    throttle = createThrottle(clock);
  });

  const own = (key: string) => throttle.takeOwn({ key, rate, rule: "test" });
  const refusal = (work: () => unknown): CaError => {
    const error = throwsWithCode(work, "RATE_LIMITED");
    assert.ok(error instanceof CaError);
    return error;
  };
  /** The number of concurrent calls that are allowed. */
  const countOf = (calls: number, work: () => unknown): number =>
    Array.from({ length: calls }).filter(() => {
      try {
        work();
        return true;
      } catch {
        return false;
      }
    }).length;

  it("refuses a caller beyond its burst, names the rule, and states when to retry", () => {
    assert.equal(
      countOf(2, () => own("one")),
      2,
    );
    const { message, facts, retryAfterMs } = refusal(() => own("one"));
    const fix =
      "retry in 10 s; if this recurs, look for a restart loop of the pod, or ask the operator of the mesh to raise its rate";
    assert.deepEqual(facts, { rule: "test", expected: "at most 6 per minute", fix });
    assert.equal(retryAfterMs, 10_000);
    assert.equal(
      message,
      `this caller sends too many requests, by the rule test, expected at most 6 per minute: ${fix}`,
    );
  });

  it("names the flag instead of a rule if the default rate applies", () => {
    for (let count = 0; count < 2; count++) throttle.takeOwn({ key: "one", rate });
    const { message } = refusal(() => throttle.takeOwn({ key: "one", rate }));
    assert.match(
      message,
      /^this caller sends too many requests, expected at most 6 per minute \(--default-rate\): retry in 10 s; /,
    );
  });

  it("allows the caller again exactly after the stated delay", async () => {
    countOf(2, () => own("one"));
    await clock.advance(9_999);
    assert.equal(refusal(() => own("one")).retryAfterMs, 1);
    await clock.advance(1);
    own("one");
    refusal(() => own("one"));
  });

  it("limits each caller separately, so that no caller can use up the allowance of another", () => {
    assert.equal(
      countOf(50, () => own("greedy")),
      2,
    );
    assert.equal(
      countOf(2, () => own("modest")),
      2,
    );
  });

  it("keeps one global bucket, which no caller's name can address", () => {
    assert.equal(
      countOf(3, () => throttle.takeGlobal(rate)),
      2,
    );
    const { message, facts } = refusal(() => throttle.takeGlobal(rate));
    assert.match(
      message,
      /^all callers together send too many requests.*the operator .* total rate of the policy$/,
    );
    assert.equal(facts.rule, undefined);
    for (const name of ["", "caller ", "global"])
      assert.equal(
        countOf(2, () => own(name)),
        2,
        name,
      );
  });

  it("ignores steps of the wall clock", () => {
    countOf(2, () => own("one"));
    clock.jump(86_400_000);
    refusal(() => own("one"));
    clock.jump(-10 * 86_400_000);
    assert.equal(refusal(() => own("one")).retryAfterMs, 10_000);
  });

  it("evicts the callers that called least recently, so that many names cannot exhaust the memory", () => {
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
