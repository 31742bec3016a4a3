import assert from "node:assert/strict";
import fc from "fast-check";
import { clockWords, dateWords, distanceWords, durationWords, expiryWords, isoWords } from "./time-words.ts";

const hourMs = 3_600_000;
const at = Date.UTC(2026, 10, 21, 7, 6, 5, 999);

describe("the words for times", () => {
  it("a duration has at most two units and is rounded down", () => {
    assert.equal(durationWords(999), "0 s");
    assert.equal(durationWords(61_999), "1 min 1 s");
    assert.equal(durationWords(5 * hourMs + 12 * 60_000 + 59_999), "5 h 12 min");
    assert.equal(durationWords(24 * hourMs), "1 d");
    assert.equal(durationWords(24 * hourMs - 1), "23 h 59 min");
    assert.equal(durationWords(51 * hourMs), "2 d 3 h");
    assert.equal(durationWords(12 * 24 * hourMs + 23 * hourMs), "12 d");
    assert.equal(durationWords(749 * 24 * hourMs), "2 y 19 d");
    assert.equal(durationWords(599_999), "9 min 59 s");
    assert.equal(durationWords(659_999), "10 min");
  });

  it("a duration never promises more time than is left", () => {
    const sizes: Record<string, number> = {
      y: 365 * 24 * hourMs,
      d: 24 * hourMs,
      h: hourMs,
      min: 60_000,
      s: 1000,
    };
    fc.assert(
      fc.property(fc.nat({ max: 4000 * 24 * hourMs }), (ms) => {
        const parts = [...durationWords(ms).matchAll(/(\d+) (\w+)/g)];
        const said = parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (sizes[unit] ?? 0), 0);
        assert.ok(said <= ms && parts.length <= 2);
      }),
    );
  });

  it("a distance names past, future and now, and an expiry its tense", () => {
    assert.equal(distanceWords(at + 999, at), "now");
    assert.equal(distanceWords(at - 180_000, at), "3 min ago");
    assert.equal(expiryWords(at + 5 * hourMs, at), "expires in 5 h");
    assert.equal(expiryWords(at - 3 * hourMs, at), "expired 3 h ago");
    assert.equal(expiryWords(at, at), "expired now");
  });

  it("a date is in UTC, without fractions, and an impossible one is named as such", () => {
    assert.equal(dateWords(at), "2026-11-21 07:06 UTC");
    assert.equal(clockWords(at), "07:06:05 UTC");
    assert.equal(isoWords(at), "2026-11-21T07:06:05Z");
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY, 9e15]) assert.match(dateWords(time), /unknown/);
  });
});
