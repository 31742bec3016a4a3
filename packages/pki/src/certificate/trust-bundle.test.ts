import assert from "node:assert/strict";
import { parseTrustBundle } from "../bundle/bundle-file.ts";
import { caExtension, forgeCertificate } from "../forge.fixture.ts";
import { createKeyPair } from "../keys/key.ts";
import { TrustBundle } from "./trust-bundle.ts";

const keyPair = await createKeyPair("P-256");
const root = forgeCertificate(keyPair, { extensions: [caExtension()] });
const other = forgeCertificate(await createKeyPair("P-384"), { extensions: [caExtension()] });
const leaf = forgeCertificate(keyPair);

describe("TrustBundle", () => {
  it("rejects leaves and empty bundles", () => {
    assert.throws(() => TrustBundle.from([root, leaf]), { code: "CERTIFICATE_MALFORMED" });
    assert.throws(() => TrustBundle.from([]), { code: "CERTIFICATE_MALFORMED" });
    for (const pem of ["", "\n", leaf.toPem(), keyPair.toPkcs8Pem()]) {
      assert.throws(() => parseTrustBundle(pem), { code: "CERTIFICATE_MALFORMED" });
    }
  });

  it("keeps each root once, with a hash that does not depend on the order", () => {
    const bundle = TrustBundle.from([root, other, root]);
    assert.deepEqual(bundle.roots, [root, other]);
    assert.equal(bundle.hash, TrustBundle.from([other, root]).hash);
    assert.ok(bundle.equals(TrustBundle.from([other]).union(TrustBundle.from([root]))));
    assert.ok(!bundle.equals(TrustBundle.from([root])));
    assert.ok(bundle.contains(other) && !TrustBundle.from([root]).contains(other));
  });

  it("keeps the order of its roots when it is written and read back", () => {
    const pem = other.toPem() + root.toPem();
    const bundle = parseTrustBundle(pem);
    assert.equal(bundle.toPem(), pem);
    assert.ok(parseTrustBundle(bundle.toPem()).equals(bundle));
  });
});
