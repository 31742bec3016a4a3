import assert from "node:assert/strict";
import { constructedTag } from "../der/tag.ts";
import { encode, encodeExtension, encodeSequence } from "../der/writer.ts";
import {
  authorityKey,
  type CertificatePieces,
  caExtension,
  forgeCertificate,
  hex,
  nameOf,
  subjectKey,
  uri,
} from "../forge.fixture.ts";
import { createKeyPair } from "../keys/key.ts";
import { parseTrustDomain } from "../names/trust-domain.ts";
import { oid } from "../oids.ts";
import { type AuthorityChainToVerify, verifyAuthorityChain } from "./authority-chain.ts";
import { TrustBundle } from "./trust-bundle.ts";

const keys = {
  root: await createKeyPair("P-256"),
  middle: await createKeyPair("P-256"),
  signer: await createKeyPair("P-256"),
};
type Who = keyof typeof keys;
const nameFor = (who: Who) => nameOf(oid.organization, who);
const now = new Date("2030-01-01T00:00:00Z");
const noCertSign = encodeExtension(oid.keyUsage, true, hex("03020780"));
const permitted = (host: string) =>
  encodeExtension(
    oid.nameConstraints,
    true,
    encodeSequence(encode(constructedTag(0), encodeSequence(uri(host)))),
  );

function make(by: Who, who: Who, changes: Partial<CertificatePieces> = {}) {
  const publicKey = keys[who].publicKey.spki;
  const extensions = [caExtension()];
  return forgeCertificate(keys[by], {
    issuer: nameFor(by),
    subject: nameFor(who),
    publicKey,
    extensions,
    ...changes,
  });
}

const root = make("root", "root");
const middle = make("root", "middle");
const signer = make("middle", "signer");

function chain(changes: Partial<AuthorityChainToVerify> = {}): AuthorityChainToVerify {
  return { authority: signer, intermediates: [middle], bundle: TrustBundle.from([root]), now, ...changes };
}

const rootWith = (...extensions: Uint8Array[]) => TrustBundle.from([make("root", "root", { extensions })]);
const signerWith = (...extensions: Uint8Array[]) => make("middle", "signer", { extensions });
const trustDomain = parseTrustDomain("td");

const refused: Readonly<Record<string, readonly [RegExp, Partial<AuthorityChainToVerify>]>> = {
  "is not a CA": [/the signing certificate is not a CA/, { authority: signerWith() }],
  "may not sign certificates": [/without keyCertSign/, { authority: signerWith(caExtension(), noCertSign) }],
  "has expired": [
    /the signing certificate has expired/,
    { authority: make("middle", "signer", { notAfter: "291231235959Z" }) },
  ],
  "is not valid yet": [
    /the signing certificate is not valid yet/,
    { authority: make("middle", "signer", { notBefore: "300101000001Z" }) },
  ],
  "has an unknown critical extension": [
    /critical extension 1\.2\.3\.4/,
    { authority: signerWith(caExtension(), encodeExtension("1.2.3.4", true, hex("0500"))) },
  ],
  "is below an issuer of path length 0": [
    /intermediate 1 has more intermediates/,
    { intermediates: [make("root", "middle", { extensions: [caExtension(0)] })] },
  ],
  "is too far below the root": [/the root has more intermediates/, { bundle: rootWith(caExtension(1)) }],
  "has a chain without an intermediate": [/not in the trust bundle/, { intermediates: [] }],
  "has an issuer that has expired": [
    /intermediate 1 has expired/,
    { intermediates: [make("root", "middle", { notAfter: "291231235959Z" })] },
  ],
  "was signed by another key": [
    /intermediate 1 did not sign/,
    { authority: make("root", "signer", { issuer: nameFor("middle") }) },
  ],
  "is below six others": [/more than 4/, { intermediates: Array(6).fill(middle) }],
  "is a root that is not trusted": [
    /not in the trust bundle/,
    { authority: make("signer", "signer"), intermediates: [] },
  ],
  "may not name the trust domain": [
    /the signing certificate does not permit/,
    { authority: signerWith(caExtension(), permitted("other")), trustDomain },
  ],
  "is below a root that does not permit the trust domain": [
    /the root does not permit/,
    { bundle: rootWith(caExtension(), permitted(".td")), trustDomain },
  ],
  "is a root that does not permit the trust domain": [
    /does not permit/,
    (() => {
      const authority = make("root", "root", { extensions: [caExtension(), permitted("other")] });
      return { authority, intermediates: [], bundle: TrustBundle.from([authority]), trustDomain };
    })(),
  ],
};

describe("verifyAuthorityChain", () => {
  for (const [what, [message, changes]] of Object.entries(refused)) {
    it(`rejects a chain of an authority when it ${what}`, () => {
      assert.throws(() => verifyAuthorityChain(chain(changes)), { code: "CHAIN_INVALID", message });
    });
  }

  it("accepts an authority below its issuers when the path lengths just suffice for leaves", () => {
    verifyAuthorityChain(chain());
    const authority = signerWith(caExtension(0), permitted("td"));
    const intermediates = [make("root", "middle", { extensions: [caExtension(1)] })];
    const bundle = rootWith(caExtension(2), permitted("td"));
    verifyAuthorityChain(chain({ authority, intermediates, bundle, trustDomain }));
    assert.ok(authority.isCa);
  });

  it("accepts an authority that is a root of the bundle, or that replaced that root under the same name", () => {
    verifyAuthorityChain(chain({ authority: root, intermediates: [], trustDomain }));
    const renewed = make("root", "root", {
      publicKey: keys.signer.publicKey.spki,
      extensions: [caExtension(), subjectKey("02"), authorityKey("01")],
    });
    const bundle = rootWith(caExtension(0), subjectKey("01"));
    verifyAuthorityChain(chain({ authority: renewed, intermediates: [], bundle }));
    assert.ok(!bundle.contains(renewed));
  });
});
