import assert from "node:assert/strict";
import fc from "fast-check";
import { primitiveTag, tag } from "../der/tag.ts";
import { encode, encodeBits, encodeExtension, encodeOid, encodeSequence } from "../der/writer.ts";
import { PkiError } from "../errors.ts";
import {
  type CertificatePieces,
  caExtension,
  forgeCertificate,
  forgeCertificateDer,
  hex,
  nameOf,
  namesExtension,
  uri,
} from "../forge.fixture.ts";
import { createKeyPair } from "../keys/key.ts";
import { keyTypes } from "../keys/key-types.ts";
import { oid } from "../oids.ts";
import { encodePem } from "../pem/pem.ts";
import { parseCertificate, parseCertificates } from "./certificate.ts";

const keyPair = await createKeyPair("P-256");
const spiffe = uri("spiffe://td/ns/a/sa/b");
const p256 = keyTypes["P-256"].algorithm.identifier;

const malformed: Readonly<Record<string, Partial<CertificatePieces>>> = {
  "version 1": { version: hex("020100") },
  "two different signature algorithms": { innerAlgorithm: encodeSequence(encodeOid(oid.ecdsaWithSha384)) },
  "a time without seconds": { notAfter: "3601010000Z" },
  "a time with an offset": { notAfter: "36010100+0100" },
  "a day that does not exist": { notAfter: "350230000000Z" },
  "an hour that does not exist": { notAfter: "360101240000Z" },
  "an extension twice": { extensions: [caExtension(), caExtension()] },
  "an explicit CA:FALSE": {
    extensions: [encodeExtension(oid.basicConstraints, true, encodeSequence(hex("010100")))],
  },
  "a path length without CA": {
    extensions: [encodeExtension(oid.basicConstraints, true, encodeSequence(hex("020100")))],
  },
  "a negative path length": {
    extensions: [encodeExtension(oid.basicConstraints, true, encodeSequence(hex("0101ff 0201ff")))],
  },
  "a key usage that is not a BIT STRING": { extensions: [encodeExtension(oid.keyUsage, true, hex("0500"))] },
  "a key identifier that is not an OCTET STRING": {
    extensions: [encodeExtension(oid.subjectKeyIdentifier, false, hex("0500"))],
  },
};

describe("Certificate", () => {
  for (const [what, changes] of Object.entries(malformed)) {
    it(`rejects as malformed a certificate with ${what}`, () => {
      const der = forgeCertificateDer(keyPair, changes);
      assert.throws(() => parseCertificate(der), { code: "CERTIFICATE_MALFORMED" });
    });
  }

  it("rejects a certificate whose point is off the curve, before OpenSSL sees it", () => {
    for (const publicKey of [
      encodeSequence(p256, hex("03020000")),
      encodeSequence(p256, encodeBits(new Uint8Array(65))),
    ]) {
      assert.throws(() => parseCertificate(forgeCertificateDer(keyPair, { publicKey })), {
        code: "KEY_REJECTED",
      });
    }
  });

  it("reads a PEM certificate with any text around it, and rejects none, two, and one that is not complete", () => {
    const pem = forgeCertificate(keyPair).toPem();
    for (const text of [pem, `subject=CN=x\n${pem}# end`, `\uFEFF${pem.replaceAll("\n", "\r")}`]) {
      assert.equal(parseCertificate(text).toPem(), pem);
    }
    for (const text of ["", "x", pem + pem, pem.slice(0, 200)]) {
      assert.throws(() => parseCertificate(text), { code: "CERTIFICATE_MALFORMED" });
    }
    assert.equal(parseCertificates(pem + pem).length, 2);
    assert.throws(() => parseCertificates(pem.repeat(1_001)), { code: "CERTIFICATE_MALFORMED" });
  });

  it("rejects a certificate with a flipped bit, or no longer accepts it as issued by its issuer", () => {
    const issuer = forgeCertificate(keyPair, { extensions: [caExtension()] });
    const der = forgeCertificateDer(keyPair, { extensions: [namesExtension(spiffe)] });
    assert.ok(parseCertificate(der).isIssuedBy(issuer));
    fc.assert(
      fc.property(fc.nat({ max: der.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        try {
          assert.ok(!parseCertificate(der.with(at, (der[at] ?? 0) ^ change)).isIssuedBy(issuer));
        } catch (error) {
          assert.ok(error instanceof PkiError, `${error}`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("has a SPIFFE ID only if that is its only URI and all other names are DNS names", () => {
    const idOf = (...names: Uint8Array[]) =>
      forgeCertificate(keyPair, { extensions: [namesExtension(...names)] }).spiffeId;
    assert.equal(`${idOf(spiffe)}`, "spiffe://td/ns/a/sa/b");
    assert.equal(idOf(spiffe, spiffe), undefined);
    assert.equal(`${idOf(spiffe, encode(primitiveTag(2), hex("61")))}`, "spiffe://td/ns/a/sa/b");
    assert.equal(idOf(spiffe, encode(primitiveTag(7), hex("7f000001"))), undefined);
    assert.equal(idOf(uri("https://td/a")), undefined);
    assert.equal(idOf(uri("spiffe://td/a\0.example")), undefined);
    assert.equal(idOf(encode(primitiveTag(2), Buffer.from("spiffe://td/a"))), undefined);
    assert.equal(forgeCertificate(keyPair).spiffeId, undefined);
  });

  it("lists the names of a certificate by kind", () => {
    const names = [
      encode(primitiveTag(2), Buffer.from("localhost")),
      encode(primitiveTag(7), hex("7f000001")),
      encode(primitiveTag(7), hex("20010db8000000000000000000000001")),
      encode(primitiveTag(7), hex("0102")),
    ];
    const certificate = forgeCertificate(keyPair, { extensions: [namesExtension(spiffe, ...names)] });
    assert.deepEqual(certificate.uriNames, ["spiffe://td/ns/a/sa/b"]);
    assert.deepEqual(certificate.dnsNames, ["localhost"]);
    assert.deepEqual(certificate.ipAddresses, ["127.0.0.1", "2001:db8::1", "0102"]);
  });

  it("reads UTCTime as a year from 1950 to 2049", () => {
    const certificate = forgeCertificate(keyPair, { notBefore: "500101000000Z", notAfter: "491231235959Z" });
    assert.equal(certificate.notBefore.toISOString(), "1950-01-01T00:00:00.000Z");
    assert.equal(certificate.notAfter.toISOString(), "2049-12-31T23:59:59.000Z");
  });

  it("reads back its own PEM, and copies the bytes that it is given", () => {
    const bytes = forgeCertificateDer(keyPair, {
      subject: nameOf(oid.organization, "x", tag.printableString),
    });
    const certificate = parseCertificate(bytes);
    assert.ok(parseCertificate(certificate.toPem()).equals(certificate));
    assert.equal(certificate.toPem(), encodePem("CERTIFICATE", bytes));
    bytes.fill(0);
    assert.notDeepEqual(certificate.der, bytes);
  });
});
