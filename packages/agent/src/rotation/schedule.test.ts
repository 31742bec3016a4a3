import assert from "node:assert/strict";
import fc from "fast-check";
import { callDeadlineMs, retryDelayMs, rotateAt } from "./schedule.ts";

const hourMs = 3_600_000;
const receivedAt = new Date("2030-01-01T00:00:00Z");
const notAfter = new Date(receivedAt.getTime() + 24 * hourMs);
const roll = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("rotateAt", () => {
  const hoursAfterReceipt = (policy: { graceRatio: number; jitter: number }, rolled: number) =>
    (rotateAt({ receivedAt, notAfter }, policy, rolled).getTime() - receivedAt.getTime()) / hourMs;

  it("never causes a tight loop, even if the grace ratio covers the whole lifetime", () => {
    assert.equal(hoursAfterReceipt({ graceRatio: 1, jitter: 0 }, 0.5) * 3_600, 1);
  });

  it("accepts a certificate that is already expired on receipt", () => {
    const due = rotateAt(
      { receivedAt: notAfter, notAfter: receivedAt },
      { graceRatio: 0.5, jitter: 0.01 },
      0.5,
    );
    assert.equal(due.getTime(), notAfter.getTime() + 1_000);
  });

  it("rotates at half of the lifetime plus or minus 14.4 minutes with the defaults", () => {
    const defaults = { graceRatio: 0.5, jitter: 0.01 };
    assert.equal(hoursAfterReceipt(defaults, 0.5), 12);
    assert.equal(hoursAfterReceipt(defaults, 0), 12.24);
    assert.ok(
      hoursAfterReceipt(defaults, 0.999_999) > 11.759 && hoursAfterReceipt(defaults, 0.999_999) < 11.761,
    );
  });

  it("returns a time between receipt and expiry for every policy and roll", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        share,
        share,
        roll,
        fc.integer({ min: 2_000, max: 365 * 24 * hourMs }),
        (graceRatio, jitter, rolled, ttlMs) => {
          const end = new Date(receivedAt.getTime() + ttlMs);
          const due = rotateAt({ receivedAt, notAfter: end }, { graceRatio, jitter }, rolled);
          assert.ok(due > receivedAt && due <= end);
        },
      ),
    );
  });
});

describe("retryDelayMs", () => {
  const attempt = { pace: "fast", failures: 1, retryAfterMs: 0, remainingMs: undefined, roll: 0.5 } as const;

  it("never causes a busy loop, even close to the expiry", () => {
    for (const remainingMs of [undefined, 0, 1, 50, -1_000]) {
      assert.ok(retryDelayMs({ ...attempt, remainingMs, roll: 0 }) >= 100);
    }
  });

  it("returns 0.1 to 30 seconds for any number of failures", () => {
    fc.assert(
      fc.property(roll, fc.integer({ min: 1, max: 100_000 }), (rolled, failures) => {
        const delay = retryDelayMs({ ...attempt, failures, roll: rolled });
        assert.ok(delay >= 100 && delay <= 30_000);
      }),
    );
  });

  it("returns at most five seconds once the secret has expired, unless the CA refused", () => {
    const ended = { ...attempt, failures: 1_000, remainingMs: -1, roll: 0.999 };
    assert.ok(retryDelayMs(ended) <= 5_000);
    assert.ok(retryDelayMs({ ...ended, pace: "slow" }) > 5_000);
  });

  it("leaves room for several attempts before notAfter for every roll", () => {
    let remainingMs = 20_000;
    let attempts = 0;
    for (; remainingMs > 200; attempts += 1) {
      remainingMs -= retryDelayMs({ ...attempt, failures: 20, remainingMs, roll: 0.999 });
    }
    assert.ok(attempts >= 5, `${attempts} attempts`);
    assert.ok(remainingMs > 0);
  });

  it("returns a long delay after a refusal, but a shorter one close to the expiry", () => {
    assert.ok(retryDelayMs({ ...attempt, pace: "slow" }) >= 10_000);
    assert.ok(retryDelayMs({ ...attempt, pace: "slow", remainingMs: 4_000 }) <= 4_000);
  });

  it("honors the delay that the CA requests, within a limit", () => {
    assert.equal(retryDelayMs({ ...attempt, retryAfterMs: 45_000 }), 45_000);
    assert.equal(retryDelayMs({ ...attempt, retryAfterMs: Number.MAX_SAFE_INTEGER }), 300_000);
  });
});

describe("callDeadlineMs", () => {
  it("returns ten seconds while enough time is left and when there is no secret", () => {
    for (const remainingMs of [undefined, 0, -1, 3_600_000])
      assert.equal(callDeadlineMs(remainingMs, 3), 10_000);
  });

  it("leaves half of the secret's remaining lifetime if no CA answers", () => {
    assert.equal(callDeadlineMs(5_000, 1), 2_500);
    assert.equal(callDeadlineMs(6_000, 3) * 3, 3_000);
  });

  it("leaves enough time to call a reachable CA until the expiry", () => {
    assert.equal(callDeadlineMs(1, 3), 250);
  });
});
