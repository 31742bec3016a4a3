import assert from "node:assert/strict";
import fc from "fast-check";
import type { Rate } from "./rules.ts";
import { type Bucket, draw } from "./token-bucket.ts";

/** Which of the calls at these times are allowed. */
function admitted(rate: Rate, instants: readonly number[]): readonly number[] {
  let bucket: Bucket | undefined;
  return instants.filter((nowMs) => {
    const drawn = draw(bucket, rate, nowMs);
    bucket = drawn.bucket;
    return drawn.waitMs === 0;
  });
}

const anyRate = fc.record({
  perMinute: fc.double({ min: 0.01, max: 100_000, noNaN: true }),
  burst: fc.integer({ min: 1, max: 50 }),
});
const anyInstants = fc
  .array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 200 })
  .map((steps) =>
    steps.map((step, index) => step + steps.slice(0, index).reduce((sum, each) => sum + each, 0)),
  );

describe("A token bucket", () => {
  it("never allows more in any window than its burst and the refill of that time", () => {
    fc.assert(
      fc.property(anyRate, anyInstants, (rate, instants) => {
        const given = admitted(rate, instants);
        for (const [first, fromMs] of given.entries()) {
          for (const [offset, untilMs] of given.slice(first).entries()) {
            const most = rate.burst + ((untilMs - fromMs) / 60_000) * rate.perMinute;
            assert.ok(offset + 1 <= most + 1e-6, `${offset + 1} in ${untilMs - fromMs} ms`);
          }
        }
      }),
    );
  });

  it("allows a new caller its whole burst immediately, and then nothing", () => {
    fc.assert(
      fc.property(anyRate, (rate) => {
        const calls = Array.from({ length: rate.burst + 5 }, () => 1_000);
        assert.equal(admitted(rate, calls).length, rate.burst);
      }),
    );
  });

  it("allows a call after the stated delay, and rejects one that is a whole token too early", () => {
    fc.assert(
      fc.property(anyRate, fc.nat(1_000_000), (rate, startMs) => {
        let bucket: Bucket | undefined;
        for (let call = 0; call < rate.burst; call++) ({ bucket } = draw(bucket, rate, startMs));
        const empty = draw(bucket, rate, startMs);
        assert.ok(empty.waitMs > 0);
        assert.equal(draw(empty.bucket, rate, startMs + empty.waitMs).waitMs, 0);
        if (empty.waitMs > 1) assert.ok(draw(empty.bucket, rate, startMs + empty.waitMs - 2).waitMs > 0);
      }),
    );
  });

  it("does not extend the delay of a caller that retries too early", () => {
    const rate = { perMinute: 60, burst: 1 };
    const impatient = Array.from({ length: 101 }, (_, tenth) => tenth * 100);
    const { length } = admitted(rate, impatient);
    // Tenths of tokens do not add up to whole tokens in binary, and rounding must never favor the caller.
    assert.ok(length === 10 || length === 11, `${length}`);
  });

  it("holds at most its burst, however long it is unused", () => {
    const rate = { perMinute: 600, burst: 3 };
    const { bucket } = draw(undefined, rate, 0);
    let later: Bucket = bucket;
    const verdicts = Array.from({ length: 5 }, () => {
      const drawn = draw(later, rate, 86_400_000);
      later = drawn.bucket;
      return drawn.waitMs;
    });
    assert.deepEqual(verdicts, [0, 0, 0, 100, 100]);
  });
});
