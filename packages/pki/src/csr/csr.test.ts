import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { assertCpuTimeBelow, throwsWithCode } from "@kasbah/testkit";
import { constructedTag, primitiveTag, tag } from "../der/tag.ts";
import { encode, encodeBits, encodeExtension, encodeOid, encodeSequence } from "../der/writer.ts";
import {
  caExtension,
  extensionRequest,
  forgeRequest,
  forgeRequestDer,
  hex,
  label,
  nameOf,
  namesExtension,
  type RequestPieces,
  requestedExtensions,
  uri,
} from "../forge.fixture.ts";
import { createKeyPair } from "../keys/key.ts";
import { keyTypes } from "../keys/key-types.ts";
import { oid } from "../oids.ts";
import { encodePem } from "../pem/pem.ts";
import { parseCertificateRequest } from "./csr.ts";

const keyPair = await createKeyPair("P-256");
const rsaKeyPair = await createKeyPair("RSA-2048");
const otherKeyPair = await createKeyPair("P-256");
const { privateKey: signingKey, publicKey: verifyingKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
});

const p256 = keyTypes["P-256"].algorithm.identifier;
const names = namesExtension(uri("spiffe://td/a"));
const sha1WithRsa = encodeSequence(encodeOid("1.2.840.113549.1.1.5"), encode(tag.null));

const malformed: Readonly<Record<string, Partial<RequestPieces>>> = {
  "version 1": { version: hex("020101") },
  "a version of two octets": { version: hex("02020100") },
  "a fourth element": { afterSignature: encode(tag.null) },
  "no attributes element": { attributes: new Uint8Array() },
  "a subject that is not a sequence": { subject: encode(tag.null) },
  "an empty relative distinguished name": { subject: encodeSequence(encode(tag.set)) },
  "two extensionRequests": {
    attributes: encode(constructedTag(0), extensionRequest(names), extensionRequest(names)),
  },
  "an extensionRequest without a value": {
    attributes: encode(constructedTag(0), encodeSequence(encodeOid(oid.extensionRequest), encode(tag.set))),
  },
  "an extension twice": { attributes: requestedExtensions(names, names) },
  "an explicit critical flag of FALSE": {
    attributes: requestedExtensions(
      encodeSequence(encodeOid(oid.subjectAltName), hex("010100"), encode(tag.octetString, encodeSequence())),
    ),
  },
  "a subjectAltName without names": { attributes: requestedExtensions(namesExtension()) },
  "a subjectAltName in BER": {
    attributes: requestedExtensions(encodeExtension(oid.subjectAltName, true, hex("30810386016100"))),
  },
  "a name of an unknown kind": {
    attributes: requestedExtensions(namesExtension(encode(primitiveTag(9), hex("61")))),
  },
  "attributes out of order": {
    attributes: encode(
      constructedTag(0),
      extensionRequest(names),
      encodeSequence(encodeOid(oid.challengePassword), encode(tag.set, encode(tag.utf8String, hex("61")))),
    ),
  },
  "a signature with unused bits": { signature: () => hex("0303010203").with(4, 2) },
};

const badSignature: Readonly<Record<string, Partial<RequestPieces>>> = {
  "by another key": { signature: (info) => encodeBits(otherKeyPair.sign(info)) },
  "over other bytes": { signature: (info) => encodeBits(keyPair.sign(info.subarray(1))) },
  "that is empty": { signature: () => encodeBits(new Uint8Array()) },
  "of r and s zero": { signature: () => encodeBits(hex("3006020100020100")) },
  "with a spare zero in r": {
    signature: (info) => encodeBits(relaxed(keyPair.sign(info))),
  },
  "with bytes after it": { signature: (info) => encodeBits(new Uint8Array([...keyPair.sign(info), 0])) },
  "in the raw form of WebCrypto": { signature: () => encodeBits(new Uint8Array(64).fill(1)) },
  "with parameters that are NULL": {
    algorithm: encodeSequence(encodeOid(oid.ecdsaWithSha256), encode(tag.null)),
  },
  "of ecdsa-with-SHA1": { algorithm: encodeSequence(encodeOid("1.2.840.10045.4.1")) },
  "named after another family": { algorithm: encodeSequence(encodeOid(oid.sha256WithRsa), encode(tag.null)) },
};

/** The same ECDSA signature with a zero octet before r, which BER would allow. */
function relaxed(signature: Uint8Array): Uint8Array {
  const rLength = signature[3] ?? 0;
  return new Uint8Array([0x30, (signature[1] ?? 0) + 1, 0x02, rLength + 1, 0, ...signature.subarray(4)]);
}

function withSpki(spki: Uint8Array): string {
  return forgeRequest(keyPair, { spki });
}

describe("parseCertificateRequest", () => {
  for (const [what, changes] of Object.entries(malformed)) {
    it(`rejects as malformed a CSR with ${what}`, () => {
      assert.throws(() => parseCertificateRequest(forgeRequest(keyPair, changes)), { code: "CSR_MALFORMED" });
    });
  }

  for (const [what, changes] of Object.entries(badSignature)) {
    it(`rejects a CSR with a signature ${what}`, () => {
      assert.throws(() => parseCertificateRequest(forgeRequest(keyPair, changes)), {
        code: "CSR_SIGNATURE_INVALID",
      });
    });
  }

  it("rejects a CSR signed with SHA-1, even if the signature is right", () => {
    const spki = new Uint8Array(verifyingKey.export({ type: "spki", format: "der" }));
    const signature = (info: Uint8Array) => encodeBits(sign("sha1", info, signingKey));
    const request = forgeRequest(keyPair, { spki, algorithm: sha1WithRsa, signature });
    assert.throws(() => parseCertificateRequest(request), { code: "CSR_SIGNATURE_INVALID" });
  });

  it("rejects a CSR whose RSA signature algorithm has no parameters", () => {
    const request = forgeRequest(rsaKeyPair, { algorithm: encodeSequence(encodeOid(oid.sha256WithRsa)) });
    assert.throws(() => parseCertificateRequest(request), { code: "CSR_SIGNATURE_INVALID" });
  });

  it("rejects a CSR immediately when its key is the point at infinity", async () => {
    const hostile = withSpki(encodeSequence(p256, hex("03020000")));
    parseCertificateRequest(forgeRequest(keyPair));
    await assertCpuTimeBelow(50, () =>
      throwsWithCode(() => parseCertificateRequest(hostile), "CSR_KEY_REJECTED"),
    );
  });

  it("rejects 220 KB of PEM headers immediately", async () => {
    const hostile = "-----BEGIN ".repeat(20_000);
    await assertCpuTimeBelow(50, () =>
      throwsWithCode(() => parseCertificateRequest(hostile), "CSR_MALFORMED"),
    );
  });

  it("rejects the key of a CSR before it verifies the signature", () => {
    const ed25519 = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" });
    for (const spki of [new Uint8Array(ed25519), encodeSequence(p256, encodeBits(new Uint8Array(65)))]) {
      assert.throws(() => parseCertificateRequest(withSpki(spki)), { code: "CSR_KEY_REJECTED" });
    }
  });

  it("accepts one PEM block with exactly the expected label and nothing else", () => {
    const der = forgeRequestDer(keyPair);
    const pem = encodePem(label, der);
    const others = [
      encodePem("NEW CERTIFICATE REQUEST", der),
      encodePem("CERTIFICATE", der),
      pem + pem,
      pem + keyPair.toPkcs8Pem(),
      encodePem(label, new Uint8Array([...der, 0])),
      "",
      "not PEM",
    ];
    for (const text of others) assert.throws(() => parseCertificateRequest(text), { code: "CSR_MALFORMED" });
    assert.equal(parseCertificateRequest(pem).publicKey.type, "P-256");
  });

  it("lists the requested extensions and names that are not URIs", () => {
    const extensions = requestedExtensions(
      namesExtension(
        uri("spiffe://td/a"),
        encode(primitiveTag(2), hex("6100ff")),
        encode(primitiveTag(7), hex("7f000001")),
      ),
      caExtension(),
      encodeExtension(oid.keyUsage, true, hex("03020106")),
      encodeExtension("1.2.3.4", false, hex("ff")),
    );
    const subject = nameOf(oid.commonName, "admin");
    const request = parseCertificateRequest(forgeRequest(keyPair, { attributes: extensions, subject }));
    assert.deepEqual(request.ignored, [
      "subject",
      "dNSName",
      "iPAddress",
      "basicConstraints",
      "keyUsage",
      "1.2.3.4",
    ]);
    assert.deepEqual(request.requestedUris, ["spiffe://td/a"]);
    assert.equal(request.hasCommonName, true);
  });

  it("reports names with arbitrary octets without failing", () => {
    const octets = "spiffe://td/\0\x1b[31m\xff\xfe\n,";
    const request = parseCertificateRequest(
      forgeRequest(keyPair, { attributes: requestedExtensions(namesExtension(uri(octets), uri(""))) }),
    );
    assert.deepEqual(request.requestedUris, [octets, ""]);
  });

  it("reports no common name if it is empty or absent", () => {
    const empty = [
      encodeSequence(),
      nameOf(oid.commonName, ""),
      nameOf(oid.organization, "", tag.printableString),
    ];
    for (const subject of empty) {
      const request = parseCertificateRequest(forgeRequest(keyPair, { subject }));
      assert.equal(request.hasCommonName, false);
      assert.deepEqual(request.ignored, []);
    }
  });
});

describe("parseCertificateRequest of stock clients' CSRs", () => {
  const recorded = new URL("../../../../test/fixtures/", import.meta.url);
  const requests: Readonly<Record<string, string>> = {
    "pilot-agent-csr/rsa2048-default": "RSA-2048",
    "pilot-agent-csr/rsa4096-headers": "RSA-4096",
    "pilot-agent-csr/p256": "P-256",
    "pilot-agent-csr/p384-pkcs8": "P-384",
    "ztunnel-csr/shared": "P-256",
  };
  for (const [name, type] of Object.entries(requests)) {
    it(`reads the CSR ${name}`, () => {
      const request = parseCertificateRequest(readFileSync(new URL(`${name}.csr.pem`, recorded), "utf8"));
      assert.equal(request.publicKey.type, type);
      assert.equal(request.hasCommonName, false);
      assert.deepEqual(request.ignored, []);
      assert.match(
        request.requestedUris.join(),
        /^spiffe:\/\/cluster\.local\/ns\/(default\/sa\/bench|demo\/sa\/frontend)$/,
      );
    });
  }
});
