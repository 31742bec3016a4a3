import assert from "node:assert/strict";
import { createKeyPair, type PublicKey, parseSpiffeId } from "@kasbah/pki";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { approve, type RequestedOrder } from "./policy.ts";
import type { Caller } from "./ports.ts";

const hour = 3_600_000;
const policy = { defaultTtlMs: 24 * hour, maxTtlMs: 2160 * hour };
const caller: Caller = {
  spiffeId: parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend"),
  credential: { kind: "jwks-token", tokenIdHash: undefined },
};

describe("The issuance policy", () => {
  let publicKey: PublicKey;

  before(async () => {
    ({ publicKey } = await createKeyPair("P-256"));
  });

  const asked = (
    o: Partial<RequestedOrder> = {},
    csr: Partial<RequestedOrder["request"]> = {},
  ): RequestedOrder => ({
    request: { publicKey, hasCommonName: false, requestedUris: [], ignored: [], ...csr },
    ttlMs: 0,
    impersonatedIdentity: "",
    ...o,
  });

  it("never gives another's identity, not even to one who asks for its own", () => {
    const names = ["spiffe://cluster.local/ns/demo/sa/other", caller.spiffeId.toString(), " ", "null"];
    for (const impersonatedIdentity of names) {
      throwsWithCode(() => approve(caller, asked({ impersonatedIdentity }), policy), "IMPERSONATION_REFUSED");
    }
  });

  it("takes the name from the caller, whatever the CSR asks for", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.boolean(), (requestedUris, hasCommonName) => {
        const order = approve(caller, asked({}, { requestedUris, hasCommonName }), policy);
        assert.ok(order.spiffeId.equals(caller.spiffeId));
        assert.ok(order.publicKey.equals(publicKey));
        assert.equal(order.commonName, hasCommonName ? caller.spiffeId.toString() : undefined);
      }),
    );
  });

  it("refuses a lifetime over the maximum and never clamps it", () => {
    const atMost = approve(caller, asked({ ttlMs: policy.maxTtlMs }), policy);
    assert.equal(atMost.ttlMs, policy.maxTtlMs);
    for (const ttlMs of [policy.maxTtlMs + 1000, Number.MAX_SAFE_INTEGER, 9.2e21, Number.POSITIVE_INFINITY]) {
      throwsWithCode(() => approve(caller, asked({ ttlMs }), policy), "TTL_TOO_LONG");
    }
    const error = throwsWithCode(
      () => approve(caller, asked({ ttlMs: 7_776_001_000 }), policy),
      "TTL_TOO_LONG",
    );
    assert.match(error.message, /7776001 s is greater than the maximum 7776000 s/);
  });

  it("gives the default to who asks for no lifetime, or a negative one", () => {
    for (const ttlMs of [0, -1, -9.2e21]) {
      assert.equal(approve(caller, asked({ ttlMs }), policy).ttlMs, policy.defaultTtlMs);
    }
    assert.equal(approve(caller, asked({ ttlMs: 1000 }), policy).ttlMs, 1000);
  });

  it("refuses a lifetime that is no number", () => {
    throwsWithCode(() => approve(caller, asked({ ttlMs: Number.NaN }), policy), "TTL_TOO_LONG");
  });

  it("leaves out a common name that does not fit", () => {
    const spiffeId = parseSpiffeId(`spiffe://cluster.local/ns/demo/sa/${"x".repeat(40)}`);
    const order = approve({ ...caller, spiffeId }, asked({}, { hasCommonName: true }), policy);
    assert.equal(order.commonName, undefined);
  });
});
