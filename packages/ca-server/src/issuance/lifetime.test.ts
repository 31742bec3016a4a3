import assert from "node:assert/strict";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { approveTtl, lifetimesFor } from "./lifetime.ts";
import { openPolicy } from "./open-admission.fixture.ts";
import { openTerms, type Terms } from "./rules.ts";

const hour = 3_600_000;
const day = 24 * hour;
const policy = { ...openPolicy, ttlCeilingMs: day };

describe("The ceiling of lifetimes", () => {
  const granted = (requestedMs: number, terms: Partial<Terms> = {}, limits = policy) =>
    approveTtl(requestedMs, { rule: "test", terms: { ...openTerms, ...terms } }, limits);

  it("clamps a request for 90 days to 24 hours if no rule names a longer lifetime", () => {
    assert.equal(granted(90 * day), day);
    assert.equal(granted(day + 1000), day);
  });

  it("leaves the 24 hours that stock clients request, and everything below, as requested", () => {
    for (const ms of [day, day - 1000, 1000]) assert.equal(granted(ms), ms);
  });

  it("grants a longer lifetime if the maximum of a rule names it, up to the CA's maximum", () => {
    assert.equal(granted(90 * day, { maxTtlMs: 30 * day }), 30 * day);
    assert.equal(granted(90 * day, { maxTtlMs: 365 * day }), 90 * day);
    throwsWithCode(() => granted(91 * day, { maxTtlMs: 365 * day }), "TTL_TOO_LONG");
  });

  it("keeps a configured default above the ceiling, and grants explicit requests up to that default", () => {
    const byFlag = { ...policy, defaultTtlMs: 2 * day };
    assert.equal(granted(0, {}, byFlag), 2 * day);
    assert.equal(granted(90 * day, {}, byFlag), 2 * day);
    assert.equal(granted(0, { defaultTtlMs: 3 * day }), 3 * day);
    assert.equal(granted(90 * day, { defaultTtlMs: 3 * day }), 3 * day);
  });

  it("never refuses because of the ceiling: a rule refuses only above a maximum of its own", () => {
    assert.equal(granted(90 * day, { onExcess: "refuse" }), day);
    throwsWithCode(() => granted(90 * day, { onExcess: "refuse", maxTtlMs: 2 * day }), "TTL_TOO_LONG");
  });

  it("has no effect if it is infinite or above the CA's maximum", () => {
    for (const ttlCeilingMs of [Number.POSITIVE_INFINITY, 365 * day])
      assert.equal(granted(90 * day, {}, { ...policy, ttlCeilingMs }), 90 * day);
    throwsWithCode(() => granted(91 * day, {}, { ...policy, ttlCeilingMs: 365 * day }), "TTL_TOO_LONG");
  });

  it("reports to operators the lifetimes that it grants", () => {
    const ttl = fc.option(fc.integer({ min: 1, max: 200 * day }), { nil: undefined });
    const limits = fc.record({
      defaultTtlMs: fc.integer({ min: 1, max: 90 * day }),
      maxTtlMs: fc.constant(90 * day),
      ttlCeilingMs: fc.integer({ min: 1, max: 200 * day }),
    });
    fc.assert(
      fc.property(ttl, ttl, limits, (max, usual, drawn) => {
        const terms = {
          ...openTerms,
          ...(max === undefined ? {} : { maxTtlMs: max }),
          ...(usual === undefined ? {} : { defaultTtlMs: usual }),
        };
        const { usualMs, longestMs } = lifetimesFor(terms, { ...policy, ...drawn });
        assert.equal(granted(0, terms, { ...policy, ...drawn }), usualMs);
        assert.equal(granted(drawn.maxTtlMs, terms, { ...policy, ...drawn }), longestMs);
        assert.ok(usualMs <= longestMs && longestMs <= drawn.maxTtlMs);
      }),
    );
  });
});
