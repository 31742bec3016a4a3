import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSpiffeId } from "../names/spiffe-id.ts";
import { backdateMs, leafCommonName, leafValidity } from "./profile.ts";

const now = new Date("2030-01-01T00:00:00.750Z");
const far = new Date("2040-01-01T00:00:00Z");

describe("the window of a leaf", () => {
  it("is not made under an issuer that has ended, nor for no time", () => {
    assert.throws(() => leafValidity({ now, ttlMs: 1000, issuerNotAfter: now }), RangeError);
    for (const ttlMs of [0, -1, Number.NaN]) {
      assert.throws(() => leafValidity({ now, ttlMs, issuerNotAfter: far }), RangeError);
    }
  });

  it("begins two minutes back and ends after the time to live, in whole seconds", () => {
    const { notBefore, notAfter } = leafValidity({ now, ttlMs: 3_600_000, issuerNotAfter: far });
    assert.equal(notBefore.toISOString(), "2029-12-31T23:58:00.000Z");
    assert.equal(notAfter.toISOString(), "2030-01-01T01:00:00.000Z");
  });

  it("never outlives its issuer, whatever is asked for", () => {
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
          assert.ok(notBefore < notAfter && notBefore.getTime() <= at.getTime() - backdateMs);
          assert.equal((notBefore.getTime() % 1000) + (notAfter.getTime() % 1000), 0);
        },
      ),
    );
  });
});

describe("the common name of a leaf", () => {
  const id = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");

  it("is there only when the request had one and the identity fits", () => {
    assert.equal(leafCommonName({ hasCommonName: false }, id), undefined);
    assert.equal(leafCommonName({ hasCommonName: true }, id), id.toString());
    const fits = parseSpiffeId(`spiffe://td/${"a".repeat(52)}`);
    assert.equal(leafCommonName({ hasCommonName: true }, fits)?.length, 64);
    assert.equal(leafCommonName({ hasCommonName: true }, parseSpiffeId(`${fits}a`)), undefined);
  });
});
