import assert from "node:assert/strict";
import { primitiveTag } from "../der/tag.ts";
import { encode, encodeExtension, encodeSequence } from "../der/writer.ts";
import {
  authorityCertificate,
  authorityKey,
  type CertificatePieces,
  caExtension,
  forgeCertificate,
  nameOf,
  namesExtension,
  subjectKey,
  uri,
} from "../forge.fixture.ts";
import { createKeyPair } from "../keys/key.ts";
import { oid } from "../oids.ts";
import type { Certificate } from "./certificate.ts";
import { verifyChain } from "./chain.ts";
import { TrustBundle } from "./trust-bundle.ts";

const keys = { root: await createKeyPair("P-256"), middle: await createKeyPair("P-256") };
const now = new Date("2030-01-01T00:00:00Z");
const name = (text: string) => nameOf(oid.organization, text);
const policyConstraints = (context: number) =>
  encodeExtension(
    oid.policyConstraints,
    false,
    encodeSequence(encode(primitiveTag(context), Uint8Array.of(0))),
  );

interface Making {
  readonly root?: Partial<CertificatePieces>;
  readonly middle?: Partial<CertificatePieces>;
  readonly leaf?: readonly Uint8Array[];
}

function verify({ root = {}, middle = {}, leaf = [] }: Making): void {
  const make = (key: keyof typeof keys, pieces: Partial<CertificatePieces>): Certificate =>
    forgeCertificate(keys[key], { issuer: name("root"), extensions: [caExtension()], ...pieces });
  const own = { subject: name("middle"), publicKey: keys.middle.publicKey.spki, ...middle };
  const intermediate = make("root", own);
  const certificate = make("middle", {
    issuer: own.subject,
    extensions: [namesExtension(uri("spiffe://td/a")), ...leaf],
  });
  const anchor = make("root", { subject: name("root"), publicKey: keys.root.publicKey.spki, ...root });
  const bundle = TrustBundle.from([anchor]);
  verifyChain({ leaf: certificate, intermediates: [intermediate], bundle, now });
}

const refused: Readonly<Record<string, [RegExp, Making]>> = {
  "the root has another key identifier than its child names": [
    /the root has the subject key identifier 0a0a, but .* is 0b0b/,
    {
      root: { extensions: [caExtension(), subjectKey("0a0a")] },
      middle: { extensions: [caExtension(), authorityKey("0b0b")] },
    },
  ],
  "the intermediate has another key identifier than the leaf names": [
    /intermediate 1 has the subject key identifier 0a, but .* is 0b/,
    { middle: { extensions: [caExtension(), subjectKey("0a")] }, leaf: [authorityKey("0b")] },
  ],
  "the root has another serial than its child names": [
    /the root has the serial 01, but .* names the serial 02/,
    { middle: { extensions: [caExtension(), authorityCertificate(name("root"), "02")] } },
  ],
  "the root's issuer is not the one that its child names": [
    /the root was issued under another name/,
    { middle: { extensions: [caExtension(), authorityCertificate(name("other"), "01")] } },
  ],
  "the intermediate has the name of the root, and no key identifiers": [
    /intermediate 1 has the name of its issuer/,
    { middle: { subject: name("root") } },
  ],
  "the intermediate requires a policy, even if not critical": [
    /intermediate 1 requires a certificate policy/,
    { middle: { extensions: [caExtension(), policyConstraints(0)] } },
  ],
  "the root is not self-signed by name": [/the root is not self-signed/, { root: { issuer: name("above") } }],
  "the root is not self-signed by its key identifiers": [
    /the root is not self-signed/,
    { root: { extensions: [caExtension(), subjectKey("0a"), authorityKey("0c")] } },
  ],
};

describe("Trust anchors that are not self-signed", () => {
  const make = (key: keyof typeof keys, pieces: Partial<CertificatePieces>) =>
    forgeCertificate(keys[key], { issuer: name("root"), extensions: [caExtension()], ...pieces });
  const root = make("root", { subject: name("root"), publicKey: keys.root.publicKey.spki });
  const middle = make("root", { subject: name("middle"), publicKey: keys.middle.publicKey.spki });
  const names = [namesExtension(uri("spiffe://td/a"))];
  const leaf = make("middle", { issuer: name("middle"), extensions: names });
  const verifyWith = (...roots: readonly Certificate[]) =>
    verifyChain({ leaf, intermediates: [], bundle: TrustBundle.from(roots), now });

  it("are rejected alone, and accepted with the root above them in the same bundle", () => {
    assert.throws(() => verifyWith(middle), {
      code: "CHAIN_INVALID",
      message: /the root is not self-signed/,
    });
    assert.doesNotThrow(() => verifyWith(middle, root));
    assert.doesNotThrow(() => verifyWith(root, middle));
  });

  it("are rejected if two of them only issued each other", () => {
    const loop = make("middle", {
      issuer: name("middle"),
      subject: name("root"),
      publicKey: keys.root.publicKey.spki,
    });
    assert.throws(() => verifyWith(middle, loop), { message: /the root is not self-signed/ });
  });
});

describe("Links of a chain that only some TLS libraries reject", () => {
  for (const [what, [message, making]] of Object.entries(refused)) {
    it(`are rejected if ${what}`, () => {
      assert.throws(() => verify(making), { code: "CHAIN_INVALID", message });
    });
  }

  const accepted: Readonly<Record<string, Making>> = {
    "all key identifiers match": {
      root: { extensions: [caExtension(), subjectKey("0a"), authorityKey("0a")] },
      middle: { extensions: [caExtension(), subjectKey("0b"), authorityKey("0a")] },
      leaf: [authorityKey("0b")],
    },
    "only one side has a key identifier": {
      middle: { extensions: [caExtension(), authorityKey("0a")] },
    },
    "the child names the root's issuer and serial, with a sign octet": {
      middle: { extensions: [caExtension(), authorityCertificate(name("root"), "0001")] },
    },
    "the intermediate has the name of the root, and key identifiers tell the two apart": {
      root: { extensions: [caExtension(), subjectKey("0a")] },
      middle: { subject: name("root"), extensions: [caExtension(), subjectKey("0b"), authorityKey("0a")] },
      leaf: [authorityKey("0b")],
    },
    "the intermediate only forbids the mapping of policies": {
      middle: { extensions: [caExtension(), policyConstraints(1)] },
    },
    "the root itself requires a policy, because nothing in a trust anchor is processed": {
      root: { extensions: [caExtension(), policyConstraints(0)] },
    },
  };
  for (const [what, making] of Object.entries(accepted)) {
    it(`are accepted if ${what}`, () => {
      assert.doesNotThrow(() => verify(making));
    });
  }
});
