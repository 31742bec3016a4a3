import assert from "node:assert/strict";
import { acceptClock, type ClockStatusMessage, getClockStatus } from "./clock-admin.ts";

describe("ClockAdmin messages", () => {
  const status: ClockStatusMessage = {
    state: "unknown",
    reason: "the machine has booted",
    trustedTime: new Date("2030-01-01T00:00:00.123Z"),
    wallTime: new Date(0),
    bootMs: 12,
    replaced: ["root-1"],
  };

  it("decodes every encoded status to the same value, times before and after 1970 included", () => {
    const { encode, decode } = getClockStatus.response;
    for (const wallTime of [new Date(0), new Date(-1), new Date("2090-01-01T00:00:00Z")]) {
      assert.deepEqual(decode(encode({ ...status, wallTime })), { ...status, wallTime });
    }
    assert.deepEqual(acceptClock.request.decode(acceptClock.request.encode({})), {});
  });

  it("refuses a state that it does not know", () => {
    assert.throws(() => getClockStatus.response.decode(new Uint8Array()), TypeError);
  });
});
