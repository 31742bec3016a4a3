import assert from "node:assert/strict";
import { describeExpiry, validityStage } from "./validity.ts";

const dayMs = 86_400_000;
const start = new Date("2030-01-01T00:00:00Z");
const after = (days: number) => new Date(start.getTime() + days * dayMs);

describe("validityStage", () => {
  for (const [lifeDays, lastValidDay, what] of [
    [90, 71.9, "a public certificate 18 days before its expiry"],
    [6, 4.7, "a short-lived certificate 29 hours before its expiry"],
    [398, 367.9, "a certificate of a year 30 days before its expiry"],
    [7_300, 7_269.9, "a root of twenty years 30 days before its expiry"],
  ] as const) {
    it(`calls ${what} expiring, and not before`, () => {
      const validity = { notBefore: start, notAfter: after(lifeDays) };
      assert.equal(validityStage(validity, after(lastValidDay)), "valid");
      assert.equal(validityStage(validity, after(lastValidDay + 0.2)), "expiring");
      assert.equal(validityStage(validity, validity.notAfter), "expired");
    });
  }

  it("calls a certificate from the future not yet valid, and an impossible one expired", () => {
    assert.equal(validityStage({ notBefore: after(1), notAfter: after(2) }, start), "not-yet-valid");
    assert.equal(validityStage({ notBefore: after(2), notAfter: start }, after(1)), "expired");
  });
});

describe("describeExpiry", () => {
  for (const [leftMs, text] of [
    [5 * dayMs + 1, "expires in 5 d (2030-01-01 00:00 UTC)"],
    [59_999, "expires in 59 s (2030-01-01 00:00 UTC)"],
    [-3 * 3_600_000, "expired 3 h ago (2030-01-01 00:00 UTC)"],
    [0, "expired 0 s ago (2030-01-01 00:00 UTC)"],
    [-90_000, "expired 1 min ago (2030-01-01 00:00 UTC)"],
  ] as const) {
    it(`says: ${text}`, () => {
      assert.equal(describeExpiry(start, new Date(start.getTime() - leftMs)), text);
    });
  }
});
