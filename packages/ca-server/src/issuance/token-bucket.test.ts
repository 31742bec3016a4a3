import assert from "node:assert/strict";
import fc from "fast-check";
import type { Rate } from "./rules.ts";
import { type Bucket, draw } from "./token-bucket.ts";

/** Which of the calls at these instants may go on. */
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
  it("never gives more in any window than its burst and what grows in that time", () => {
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

  it("lets a new caller have its burst at once, and then nobody", () => {
    fc.assert(
      fc.property(anyRate, (rate) => {
        const calls = Array.from({ length: rate.burst + 5 }, () => 1_000);
        assert.equal(admitted(rate, calls).length, rate.burst);
      }),
    );
  });

  it("lets whoever waits as long as it says go on, and nobody a whole token too early", () => {
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

  it("does not make callers wait longer for having asked in vain", () => {
    const rate = { perMinute: 60, burst: 1 };
    const impatient = Array.from({ length: 101 }, (_, tenth) => tenth * 100);
    const { length } = admitted(rate, impatient);
    // Tenths of tokens do not add up to whole ones in binary, and rounding is never in the caller's favour.
    assert.ok(length === 10 || length === 11, `${length}`);
  });

  it("holds no more than its burst, however long nobody asks", () => {
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
