import assert from "node:assert/strict";
import { primeAbove, randomPrime, rsaKeyOf } from "@kasbah/testkit";
import { constructedTag, primitiveTag, tag } from "../der/tag.ts";
import { encode, encodeExtension, encodeOid, encodeSequence } from "../der/writer.ts";
import {
  type CertificatePieces,
  caExtension,
  forgeCertificate,
  nameOf,
  subjectKey,
  uri,
} from "../forge.fixture.ts";
import { createKeyPair, KeyPair } from "../keys/key.ts";
import { oid } from "../oids.ts";
import { findClientRejection } from "./rejections.ts";
import type { SigningPath } from "./signing-path.ts";
import { findClientWarnings } from "./warnings.ts";

const keys = { root: await createKeyPair("P-256"), signer: await createKeyPair("P-256") };
const name = (text: string) => nameOf(oid.organization, text);
const usage = encodeExtension(oid.keyUsage, true, Buffer.from("03020106", "hex"));

function constraint(critical: boolean, base: Uint8Array): Uint8Array {
  const permitted = encode(constructedTag(0), encodeSequence(base));
  return encodeExtension(oid.nameConstraints, critical, encodeSequence(permitted));
}

function policies(critical: boolean, ...names: readonly string[]): Uint8Array {
  const each = names.map((one) => encodeSequence(encodeOid(one)));
  return encodeExtension(oid.certificatePolicies, critical, encodeSequence(...each));
}

function path(extensions: Uint8Array[] = [], changes: Partial<SigningPath> = {}): SigningPath {
  const make = (who: keyof typeof keys, pieces: Partial<CertificatePieces> = {}) =>
    forgeCertificate(keys.root, {
      issuer: name("root"),
      subject: name(who),
      publicKey: keys[who].publicKey.spki,
      extensions: [caExtension(), usage, subjectKey("01")],
      ...pieces,
    });
  const root = make("root");
  const signer = make("signer", { extensions: [caExtension(), usage, subjectKey("02"), ...extensions] });
  return { signer, intermediates: [], root, roots: [root], ...changes };
}

const dns = encode(primitiveTag(2), Buffer.from("a.example"));
const address = encode(primitiveTag(7), Buffer.from("7f000001ffffffff", "hex"));
const directory = encode(constructedTag(4), name("root"));

describe("findClientRejection", () => {
  const rejected: Readonly<Record<string, Uint8Array[]>> = {
    "unsupported-name-constraint": [constraint(true, directory)],
    "address-constraint": [constraint(false, address)],
    "invalid-policies": [policies(false, "1.2.3.4", "1.2.3.4")],
  };
  for (const [rule, extensions] of Object.entries(rejected)) {
    it(`finds ${rule} and names the certificate`, () => {
      const given = path(extensions);
      const found = findClientRejection(given);
      assert.equal(found?.name, rule);
      assert.equal(found?.certificate, given.signer);
    });
  }

  it("finds an issuer's name in another encoding, and names the certificate below", () => {
    const given = path();
    const root = forgeCertificate(keys.root, {
      issuer: nameOf(oid.organization, "root", tag.printableString),
      subject: nameOf(oid.organization, "root", tag.printableString),
      publicKey: keys.root.publicKey.spki,
      extensions: [caExtension(), usage, subjectKey("01")],
    });
    const found = findClientRejection({ ...given, root, roots: [root] });
    assert.deepEqual([found?.name, found?.certificate], ["name-encoding", given.signer]);
  });

  it("finds malformed and empty policies, which only some clients read", () => {
    for (const value of [encodeSequence(), encodeSequence(encodeOid("1.2.3")), Buffer.from("00", "hex")]) {
      const extension = encodeExtension(oid.certificatePolicies, false, value);
      assert.equal(findClientRejection(path([extension]))?.name, "invalid-policies");
    }
  });

  it("accepts constraints that every client processes, policies that differ, and another root's name", () => {
    const extensions = [constraint(true, dns), policies(false, "1.2.3.4", "1.2.3.5")];
    assert.equal(findClientRejection(path(extensions)), undefined);
    assert.equal(findClientRejection(path([constraint(false, directory)])), undefined);
  });

  it("finds a root that another one of its name hides, unless they share the key", () => {
    const given = path();
    const namesake = forgeCertificate(keys.signer, {
      issuer: name("root"),
      subject: name("root"),
      publicKey: keys.signer.publicKey.spki,
      extensions: [caExtension(), usage],
    });
    const found = findClientRejection({ ...given, roots: [given.root, namesake] });
    assert.deepEqual([found?.name, found?.certificate], ["namesake-root", given.root]);
    const reissued = forgeCertificate(keys.root, {
      issuer: name("root"),
      subject: name("root"),
      publicKey: keys.root.publicKey.spki,
      extensions: [caExtension()],
    });
    assert.equal(findClientRejection({ ...given, roots: [given.root, reissued] }), undefined);
  });
});

describe("findClientWarnings", () => {
  const namesOf = (given: SigningPath) => findClientWarnings(given).map((found) => found.name);

  it("names URI and directory constraints and critical policies, which rustls rejects", () => {
    assert.ok(namesOf(path([constraint(false, uri("td"))])).includes("uri-name-constraint"));
    assert.ok(namesOf(path([constraint(false, directory)])).includes("directory-name-constraint"));
    assert.ok(namesOf(path([policies(true, "1.2.3.4")])).includes("critical-policy-extension"));
    assert.ok(!namesOf(path([policies(false, "1.2.3.4")])).includes("critical-policy-extension"));
  });

  it("names a CA whose RSA key anyone can factor", () => {
    const prime = randomPrime(1024);
    const weak = new KeyPair(rsaKeyOf(prime, primeAbove(prime)));
    const signer = forgeCertificate(keys.root, {
      issuer: name("root"),
      subject: name("weak"),
      publicKey: weak.publicKey.spki,
      extensions: [caExtension(), usage, subjectKey("02")],
    });
    assert.ok(namesOf(path([], { signer })).includes("factorable-key"));
  });

  it("names a certificate that strict clients reject, and nothing of a correct one", () => {
    const [found, ...more] = findClientWarnings(path());
    assert.deepEqual([found?.name, found?.affectsNodeProxies, more.length], ["strict-x509", false, 0]);
    assert.match(found?.problem ?? "", /^has no authority key identifier with a key/);
    const { root } = path();
    assert.deepEqual(namesOf({ signer: root, intermediates: [], root, roots: [root] }), []);
  });
});
