import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSpiffeId } from "../names/spiffe-id.ts";
import { backdateFor, leafCommonName, leafValidity, maxBackdateMs } from "./profile.ts";

const now = new Date("2030-01-01T00:00:00.750Z");
const far = new Date("2040-01-01T00:00:00Z");

describe("leafValidity", () => {
  it("rejects an expired issuer and a lifetime that is not positive", () => {
    assert.throws(() => leafValidity({ now, ttlMs: 1000, issuerNotAfter: now }), RangeError);
    for (const ttlMs of [0, -1, Number.NaN]) {
      assert.throws(() => leafValidity({ now, ttlMs, issuerNotAfter: far }), RangeError);
    }
  });

  it("starts two minutes in the past and lasts for the lifetime, in whole seconds", () => {
    const { notBefore, notAfter } = leafValidity({ now, ttlMs: 3_600_000, issuerNotAfter: far });
    assert.equal(notBefore.toISOString(), "2029-12-31T23:58:00.000Z");
    assert.equal(notAfter.toISOString(), "2030-01-01T01:00:00.000Z");
  });

  it("starts at most a tenth of the lifetime in the past", () => {
    const backdates = [1, 9, 10, 60, 120, 300, 1199, 1200, 86_400].map((s) => backdateFor(s * 1000) / 1000);
    assert.deepEqual(backdates, [0, 0, 1, 6, 12, 30, 119, 120, 120]);
    const { notBefore, notAfter } = leafValidity({ now, ttlMs: 120_000, issuerNotAfter: far });
    assert.equal(notBefore.toISOString(), "2029-12-31T23:59:48.000Z");
    assert.equal(notAfter.toISOString(), "2030-01-01T00:02:00.000Z");
  });

  it("starts a tenth of what the issuer leaves in the past, if that is less than the lifetime", () => {
    const issuerNotAfter = new Date("2030-01-01T00:01:00Z");
    const { notBefore } = leafValidity({ now, ttlMs: 3_600_000, issuerNotAfter });
    assert.equal(notBefore.toISOString(), "2029-12-31T23:59:55.000Z");
  });

  it("never outlives the issuer, for any requested lifetime", () => {
    const instant = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(
        instant,
        fc.integer({ min: 1, max: 2 ** 42 }),
        fc.integer({ min: 1, max: 2 ** 42 }),
        (at, ttlMs, left) => {
          const issuerNotAfter = new Date(at.getTime() + left);
          const { notBefore, notAfter } = leafValidity({ now: at, ttlMs, issuerNotAfter });
          assert.ok(notAfter <= issuerNotAfter && notAfter.getTime() <= at.getTime() + ttlMs);
          assert.ok(notBefore < notAfter && notBefore <= at);
          const backdateMs = at.getTime() - notBefore.getTime();
          assert.ok(backdateMs <= Math.min(maxBackdateMs, ttlMs / 10, left / 10) + 2000, `${backdateMs} ms`);
          assert.equal((notBefore.getTime() % 1000) + (notAfter.getTime() % 1000), 0);
        },
      ),
    );
  });
});

describe("leafCommonName", () => {
  const id = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");

  it("sets a common name only if the CSR has one and the SPIFFE ID fits", () => {
    assert.equal(leafCommonName({ hasCommonName: false }, id), undefined);
    assert.equal(leafCommonName({ hasCommonName: true }, id), id.toString());
    const fits = parseSpiffeId(`spiffe://td/${"a".repeat(52)}`);
    assert.equal(leafCommonName({ hasCommonName: true }, fits)?.length, 64);
    assert.equal(leafCommonName({ hasCommonName: true }, parseSpiffeId(`${fits}a`)), undefined);
  });
});
