import assert from "node:assert/strict";
import { parseInstant } from "./instant.ts";

const now = new Date("2030-01-01T00:00:00Z");

describe("parseInstant", () => {
  it("rejects a time without an offset, a date that does not exist, and anything else", () => {
    for (const text of [
      ...["2029-12-31T22:00:00", "2029-12-31 22:00:00", "2029-12-31", "2029-12-31T22:00Z"],
      ...["2029-02-29T00:00:00Z", "2029-12-31T24:00:00Z", "2029-12-31T23:59:60Z", "2029-13-01T00:00:00Z"],
      ...["2029-12-31T22:00:00+24:00", "2029-12-31T22:00:00+0100", "2029-12-31T22:00:00Z\n"],
      ...["", "-", "--2h", "2", "yesterday", "1704067200", "-999999999d", "2h ago"],
    ])
      assert.throws(() => parseInstant(text, now), { code: "commander.invalidArgument" }, text);
  });

  it("parses a time with any offset, to the millisecond", () => {
    for (const [text, expected] of [
      ["2029-12-31T22:00:00Z", "2029-12-31T22:00:00.000Z"],
      ["2029-12-31t22:00:00.5z", "2029-12-31T22:00:00.500Z"],
      ["2029-12-31 23:30:00+05:45", "2029-12-31T17:45:00.000Z"],
      ["2029-12-31T14:00:00.123456789-08:00", "2029-12-31T22:00:00.123Z"],
      ["2028-02-29T00:00:00+14:00", "2028-02-28T10:00:00.000Z"],
    ] as const)
      assert.equal(parseInstant(text, now).toISOString(), expected, text);
  });

  it("parses a duration as a time in the past", () => {
    for (const text of ["-2h", "2h", "-120m", "1h60m"])
      assert.equal(parseInstant(text, now).toISOString(), "2029-12-31T22:00:00.000Z", text);
    assert.equal(parseInstant("0s", now).getTime(), now.getTime());
  });
});
