import assert from "node:assert/strict";
import { constructedTag } from "../der/tag.ts";
import { encode, encodeExtension, encodeSequence } from "../der/writer.ts";
import { type CertificatePieces, caExtension, forgeCertificate, hex, nameOf, uri } from "../forge.fixture.ts";
import { createKeyPair } from "../keys/key.ts";
import { parseTrustDomain } from "../names/trust-domain.ts";
import { oid } from "../oids.ts";
import { type ExpectedAuthority, lintAuthorityCertificate } from "./authority.ts";

const rootKey = await createKeyPair("P-256");
const key = await createKeyPair("P-256");
const organization = "mesh";
const rootName = nameOf(oid.organization, organization);
const ownName = encodeSequence(rootName.subarray(2), nameOf(oid.commonName, "i-1").subarray(2));

const usage = (bits: string) => encodeExtension(oid.keyUsage, true, hex(`0302${bits}`));
const keyId = encodeExtension(oid.subjectKeyIdentifier, false, hex("0401aa"));
const issuerKeyId = (id: string) => encodeExtension(oid.authorityKeyIdentifier, false, hex(`30038001${id}`));
const permits = (host: string) =>
  encodeExtension(
    oid.nameConstraints,
    true,
    encodeSequence(encode(constructedTag(0), encodeSequence(uri(host)))),
  );

const rootExtensions = [usage("0106"), caExtension(), keyId];
const makeRoot = (changes: Partial<CertificatePieces> = {}) =>
  forgeCertificate(rootKey, { issuer: rootName, subject: rootName, extensions: rootExtensions, ...changes });
const root = makeRoot();

const extensions = [usage("0106"), caExtension(0), keyId, issuerKeyId("aa"), permits("td")];
const make = (changes: Partial<CertificatePieces> = {}, signer = rootKey) =>
  forgeCertificate(signer, {
    issuer: rootName,
    subject: ownName,
    publicKey: key.publicKey.spki,
    extensions,
    ...changes,
  });
const expected: ExpectedAuthority = {
  organization,
  commonName: "i-1",
  pathLength: 0,
  permittedTrustDomain: parseTrustDomain("td"),
  issuer: root,
};

/** The extensions with one of them replaced. */
const withAt = (index: number, ...replacement: Uint8Array[]) => ({
  extensions: extensions.toSpliced(index, 1, ...replacement),
});

const wrong: Readonly<Record<string, Partial<CertificatePieces>>> = {
  "may also sign documents": withAt(0, usage("0186")),
  "may not sign certificates": withAt(0, usage("0102")),
  "has no key usage": withAt(0),
  "is not a CA": withAt(1, encodeExtension(oid.basicConstraints, true, encodeSequence())),
  "has no path length": withAt(1, caExtension()),
  "has a longer path length": withAt(1, caExtension(1)),
  "has no key identifier": withAt(2),
  "has another authority's key identifier": withAt(3, issuerKeyId("ab")),
  "permits another trust domain": withAt(4, permits("evil")),
  "permits every trust domain": withAt(4),
  "has an additional extension": withAt(5, encodeExtension("1.2.3", false, hex("0500"))),
  "has its extensions in another order": { extensions: extensions.toReversed() },
  "has another common name": {
    subject: encodeSequence(rootName.subarray(2), nameOf(oid.commonName, "i-2").subarray(2)),
  },
  "has no common name": { subject: rootName },
  "expires before it becomes valid": { notAfter: "250101000000Z" },
  "names another issuer": { issuer: ownName },
};

describe("lintAuthorityCertificate", () => {
  for (const [what, changes] of Object.entries(wrong)) {
    it(`rejects an intermediate that ${what}`, () => {
      assert.throws(() => lintAuthorityCertificate(make(changes), expected), { code: "LINT_FAILED" });
    });
  }

  it("rejects an intermediate signed by another key", () => {
    assert.throws(() => lintAuthorityCertificate(make({}, key), expected), { code: "LINT_FAILED" });
  });

  it("rejects a root with a wrong path length, name or signature", () => {
    const wrongRoots = [
      makeRoot({ extensions: rootExtensions.toSpliced(1, 1, caExtension(0)) }),
      makeRoot({ subject: ownName, issuer: ownName }),
      makeRoot({ issuer: ownName }),
      makeRoot({ publicKey: key.publicKey.spki }),
      makeRoot({ extensions: [...rootExtensions, permits("td")] }),
    ];
    for (const each of wrongRoots) {
      assert.throws(() => lintAuthorityCertificate(each, { organization }), { code: "LINT_FAILED" });
    }
  });

  it("accepts authorities that match their template", () => {
    lintAuthorityCertificate(root, { organization });
    lintAuthorityCertificate(make(), expected);
    const { permittedTrustDomain: _, ...unconstrained } = expected;
    lintAuthorityCertificate(make(withAt(4)), unconstrained);
    assert.ok(make().isCa);
  });
});
