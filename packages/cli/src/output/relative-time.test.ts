import assert from "node:assert/strict";
import { plainTime, relativeTime, timeAndDistance } from "./relative-time.ts";

const now = new Date("2030-01-01T00:00:00Z");
const hourMs = 3_600_000;
const distanceOf = (ms: number) => relativeTime(new Date(now.getTime() + ms), now);

describe("timeAndDistance", () => {
  it("prints at most two units, and never more time than is left", () => {
    assert.equal(distanceOf(6 * 24 * hourMs + 4 * hourMs + 59 * 60_000), "in 6d 4h");
    assert.equal(distanceOf(24 * hourMs - 1), "in 23h 59m");
    assert.equal(distanceOf(365 * 24 * hourMs + 23 * hourMs), "in 365d");
    assert.equal(distanceOf(hourMs + 59_999), "in 1h");
    assert.equal(distanceOf(200_999), "in 3m 20s");
  });

  it("distinguishes past, future and now", () => {
    assert.equal(distanceOf(-200_000), "3m 20s ago");
    assert.equal(distanceOf(-1500), "1s ago");
    assert.equal(distanceOf(999), "now");
    assert.equal(distanceOf(-999), "now");
  });

  it("prints RFC 3339 without fractions", () => {
    const date = new Date("2030-01-02T03:04:05.678Z");
    assert.equal(plainTime(date), "2030-01-02T03:04:05Z");
    assert.equal(timeAndDistance(date, now), "2030-01-02T03:04:05Z (in 1d 3h)");
  });
});
