import assert from "node:assert/strict";
import fc from "fast-check";
import { RetryPace } from "./retry-pace.ts";

const base = { baseMs: 100, capMs: 30_000 };

describe("RetryPace", () => {
  it("returns a pause between 0 and the cap for any attempt number", () => {
    const roll = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(100_000), roll, (attempt, value) => {
        const delayMs = new RetryPace({ ...base, roll: () => value }).delayMs({ attempt });
        assert.ok(Number.isInteger(delayMs) && delayMs >= 0 && delayMs < 30_000);
      }),
    );
  });

  it("doubles the bound at each attempt until the cap", () => {
    const pace = new RetryPace({ baseMs: 100, capMs: 1000, roll: () => 0.999999 });
    const delays = [0, 1, 2, 3, 4, 5].map((attempt) => pace.delayMs({ attempt }));
    assert.deepEqual(delays, [99, 199, 399, 799, 999, 999]);
    assert.equal(pace.delayMs({ attempt: 5, capMs: 2_000 }), 1999);
  });

  it("adds the shortest pause to every pause", () => {
    const pace = (roll: number) => new RetryPace({ ...base, shortestMs: 20, roll: () => roll });
    assert.deepEqual(
      [0, 0.5].map((roll) => pace(roll).delayMs({ attempt: 0 })),
      [20, 70],
    );
  });

  it("waits as long as the peer requested, but at most a minute", () => {
    const pace = new RetryPace({ ...base, roll: () => 0.5 });
    assert.equal(pace.delayMs({ attempt: 0, retryAfterMs: 9_000 }), 9_000);
    assert.equal(pace.delayMs({ attempt: 0, retryAfterMs: 3_600_000 }), 60_000);
    assert.equal(pace.delayMs({ attempt: 20, retryAfterMs: 9_000 }), 15_000);
  });
});
