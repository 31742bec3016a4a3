import assert from "node:assert/strict";
import { type EarlierHead, thinHeads } from "./earlier-heads.ts";

const startMs = Date.UTC(2030, 0, 1);
const minuteMs = 60_000;
const headAt = (minute: number, origin = "log"): EarlierHead => ({
  ...{ holder: "a", origin, size: minute + 1, root: "AA==", time: "2099-01-01T00:00:00.000Z" },
  seen: new Date(startMs + minute * minuteMs).toISOString(),
});

describe("thinHeads", () => {
  it("keeps eleven heads of a ledger at most, and one of each age, however many follow", () => {
    let kept: readonly EarlierHead[] = [];
    const minutes = 60 * 24 * 14;
    for (let minute = 0; minute <= minutes; minute += 1)
      kept = thinHeads([...kept, headAt(minute)], new Date(startMs + minute * minuteMs));
    assert.ok(kept.length <= 11);
    const ages = kept.map(({ seen }) => minutes - (Date.parse(seen) - startMs) / minuteMs);
    for (const [from, to] of [
      [0, 4],
      [60, 1_024],
      [1_440, 20_160],
    ] as const)
      assert.ok(
        ages.some((age) => age >= from && age <= to),
        `${ages}`,
      );
  });

  it("keeps an old head when a thousand new ones arrive at once", () => {
    const now = new Date(startMs + 600 * minuteMs);
    const flood = Array.from({ length: 1_000 }, (_, size) => ({ ...headAt(600), size }));
    assert.ok(thinHeads([headAt(0), ...flood], now).some(({ size }) => size === 1));
  });

  it("thins each ledger on its own", () => {
    const now = new Date(startMs);
    assert.equal(thinHeads([headAt(0, "one"), headAt(0, "other"), headAt(0, "one")], now).length, 2);
  });
});
