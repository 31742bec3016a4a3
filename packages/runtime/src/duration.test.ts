import assert from "node:assert/strict";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  const hostile = [
    "",
    " ",
    "1",
    "s",
    "-1s",
    "+1s",
    "1.5h",
    "1e3s",
    "1 s",
    "1S",
    "1s ",
    "\n1s",
    "1h1h",
    "1m1h",
  ];
  const malformed = [
    "0x1s",
    "Infinity",
    "NaN",
    "1w",
    "1y",
    "９s",
    "9999999999s",
    `${"1".repeat(100_000)}s`,
    "1ms1s",
  ];
  for (const text of [...hostile, ...malformed]) {
    it(`rejects ${JSON.stringify(text.slice(0, 20))}`, () => {
      const error = throwsWithCode(() => parseDuration(text), "DURATION_MALFORMED");
      assert.match(error.message, /expected a duration such as/);
    });
  }

  it("parses each unit and chains of units", () => {
    const read = ["90s", "15m", "24h", "7d", "250ms", "1h30m", "24h0m0s", "0s", "1m1ms"].map(parseDuration);
    assert.deepEqual(read, [90_000, 900_000, 86_400_000, 604_800_000, 250, 5_400_000, 86_400_000, 0, 60_001]);
  });

  it("parses the output of formatDuration", () => {
    fc.assert(fc.property(fc.nat(10 ** 13), (ms) => assert.equal(parseDuration(formatDuration(ms)), ms)));
  });
});

describe("formatDuration", () => {
  it("writes the largest units first and omits zeros", () => {
    assert.deepEqual([0, 90_000, 5_400_000, 86_400_000].map(formatDuration), ["0s", "1m30s", "1h30m", "1d"]);
  });
});
