import assert from "node:assert/strict";
import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority, type LeafOrder, type TestAuthority } from "@kasbah/testkit";
import { shakeHands } from "./handshake.ts";
import type { ThrowAway } from "./throw-away.ts";

describe("shakeHands", () => {
  let authority: TestAuthority;
  let other: TestAuthority;

  before(async () => {
    [authority, other] = await Promise.all([createTestAuthority(), createTestAuthority("Other")]);
  });

  async function throwAway(by: TestAuthority, changes: Partial<LeafOrder> = {}): Promise<ThrowAway> {
    const keyPair = await createKeyPair("P-256");
    const names = [{ kind: "uri", value: "spiffe://cluster.local/ns/a/sa/b" }] as const;
    const leaf = await by.issue({ publicKey: keyPair.publicKey, names, ...changes });
    return { what: "a certificate", leaf, chainPem: leaf.toPem(), keyPem: keyPair.toPkcs8Pem() };
  }

  it("returns nothing if both sides trust each other", async () => {
    const [server, client] = [await throwAway(authority), await throwAway(authority)];
    assert.equal(await shakeHands(server, client, authority.rootPem), undefined);
  });

  it("returns the side whose certificate is rejected, with OpenSSL's code", async () => {
    const [known, unknown] = [await throwAway(authority), await throwAway(other)];
    const code = "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
    assert.deepEqual(await shakeHands(unknown, known, authority.rootPem), { rejected: unknown, code });
    const asClient = await shakeHands(known, unknown, authority.rootPem);
    assert.equal(asClient?.rejected, unknown);
    assert.match(asClient?.code ?? "", /^UNABLE_TO_(VERIFY|GET)/);
  });

  it("returns a failure instead of waiting if a side cannot even start", async () => {
    const [good, bad] = [await throwAway(authority), await throwAway(authority)];
    const mixed = { ...bad, keyPem: good.keyPem };
    assert.match((await shakeHands(mixed, good, authority.rootPem))?.code ?? "", /KEY_VALUES_MISMATCH/);
  });

  it("leaves the validity to the CA's own clock", async () => {
    const expired = await throwAway(authority, { notAfter: new Date("2021-01-01T00:00:00Z") });
    const good = await throwAway(authority);
    assert.equal(await shakeHands(expired, good, authority.rootPem), undefined);
  });
});
