import assert from "node:assert/strict";
import fc from "fast-check";
import { fullJitterDelayMs } from "./backoff.ts";

describe("fullJitterDelayMs", () => {
  it("stays within 0 and the cap for any attempt, however large", () => {
    const roll = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(100_000), roll, (attempt, value) => {
        const delayMs = fullJitterDelayMs({ attempt, baseMs: 100, capMs: 30_000, roll: value });
        assert.ok(Number.isInteger(delayMs) && delayMs >= 0 && delayMs < 30_000);
      }),
    );
  });

  it("doubles the bound at each attempt until the cap", () => {
    const bound = (attempt: number) =>
      fullJitterDelayMs({ attempt, baseMs: 100, capMs: 1000, roll: 0.999999 });
    assert.deepEqual([0, 1, 2, 3, 4, 5].map(bound), [99, 199, 399, 799, 999, 999]);
  });
});
