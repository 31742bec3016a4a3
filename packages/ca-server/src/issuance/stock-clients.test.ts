import assert from "node:assert/strict";
import { leafValidity, type Validity } from "@kasbah/pki";
import { stockClientFloorMs, ztunnelRetryMs } from "./lifetime.ts";

const hourMs = 3_600_000;
const start = Date.parse("2030-01-01T00:00:00.400Z");
const issuerNotAfter = new Date("2040-01-01T00:00:00Z");

/** When a client renews a certificate that it received at this time. */
type RenewalRule = (validity: Validity, receivedAt: number) => number;

const half = ({ notBefore, notAfter }: Validity) => (notBefore.getTime() + notAfter.getTime()) / 2;
/** SECRET_GRACE_PERIOD_RATIO 0.5 with SECRET_GRACE_PERIOD_RATIO_JITTER 0.01. */
const grace = ({ notAfter }: Validity, since: number, ratio: number) =>
  notAfter.getTime() - ratio * (notAfter.getTime() - since);

/** ztunnel (tls/certificate.rs, refresh_at), and pilot-agent with the earliest and the latest of its jitter. */
const clients: Readonly<Record<string, RenewalRule>> = {
  ztunnel: half,
  "pilot-agent, from the receipt of the certificate": (validity, receivedAt) =>
    grace(validity, receivedAt, 0.51),
  "pilot-agent, from notBefore": (validity) => grace(validity, validity.notBefore.getTime(), 0.51),
  "pilot-agent, at the other end of its jitter": (validity) =>
    grace(validity, validity.notBefore.getTime(), 0.49),
};

/** The certificates that a client requests in one hour, and the least time between two of them. */
function hourOf(
  rule: RenewalRule,
  ttlMs: number,
): { readonly renewals: number; readonly shortestMs: number } {
  let renewals = 0;
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let now = start; now < start + hourMs && renewals < 10_000; renewals += 1) {
    const validity = leafValidity({ now: new Date(now), ttlMs, issuerNotAfter });
    const next = Math.max(now, rule(validity, now));
    shortestMs = Math.min(shortestMs, next - now);
    now = Math.max(next, now + 1);
  }
  return { renewals, shortestMs };
}

describe("The renewals of stock clients", () => {
  const lifetimes = {
    "10 s": 10,
    "1 min": 60,
    "2 min": 120,
    "5 min": 300,
    "20 min": 1200,
    "1 h": 3600,
    "24 h": 86_400,
  };
  for (const [name, rule] of Object.entries(clients)) {
    for (const [lifetime, seconds] of Object.entries(lifetimes)) {
      it(`of ${name} come after at least a third of a lifetime of ${lifetime}, and never in a loop`, () => {
        const ttlMs = seconds * 1000;
        const { renewals, shortestMs } = hourOf(rule, ttlMs);
        assert.ok(shortestMs >= ttlMs / 3, `renewed after ${shortestMs} ms`);
        assert.ok(renewals <= Math.ceil((3 * hourMs) / ttlMs), `${renewals} in an hour`);
      });
    }
  }

  it("would come in a loop if a lifetime of 2 min were backdated by 2 min", () => {
    const { renewals } = hourOf((validity, receivedAt) => {
      const notBefore = new Date(receivedAt - 120_000);
      return half({ ...validity, notBefore });
    }, 120_000);
    assert.equal(renewals, 10_000);
  });

  it("leave ztunnel more time than one retry from the floor on, and less just below it", () => {
    const leftMs = (ttlMs: number) => {
      const validity = leafValidity({ now: new Date(start), ttlMs, issuerNotAfter });
      return validity.notAfter.getTime() - half(validity);
    };
    assert.ok(leftMs(stockClientFloorMs) > ztunnelRetryMs);
    assert.ok(leftMs(stockClientFloorMs - 60_000) < ztunnelRetryMs);
  });
});
