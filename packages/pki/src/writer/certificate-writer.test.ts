import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { toHex } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
import { readCertificateFields } from "../certificate/certificate-fields.ts";
import { leafCommonName, leafValidity } from "../certificate/profile.ts";
import { createSerial } from "../certificate/serial.ts";
import { parseCertificateRequest } from "../csr/csr.ts";
import { primitiveTag } from "../der/tag.ts";
import { encode, encodeExtension } from "../der/writer.ts";
import {
  caExtension,
  forgeCertificate,
  forgeRequest,
  hex,
  nameOf,
  namesExtension,
  requestedExtensions,
  uri,
} from "../forge.fixture.ts";
import { createKeyPair, type KeyPair } from "../keys/key.ts";
import { lintWorkloadCertificate } from "../lint/lint.ts";
import { parseSpiffeId } from "../names/spiffe-id.ts";
import { oid } from "../oids.ts";
import { createCertificateWriter, type LeafTemplate, type Signer } from "./certificate-writer.ts";

const now = new Date("2030-01-01T00:00:00Z");
const spiffeId = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
const rootValidity = {
  notBefore: new Date("2029-12-31T00:00:00Z"),
  notAfter: new Date("2060-01-01T00:00:00Z"),
};
const writer = createCertificateWriter();

const workloads = { "P-256": await createKeyPair("P-256"), "RSA-2048": await createKeyPair("RSA-2048") };
const signers = {
  "P-256": await createSigner("P-256"),
  "P-384": await createSigner("P-384"),
  "RSA-2048": await createSigner("RSA-2048"),
};

async function createSigner(type: "P-256" | "P-384" | "RSA-2048"): Promise<Signer & { keyPair: KeyPair }> {
  const keyPair = await createKeyPair(type);
  const template = { serial: createSerial(), validity: rootValidity, organization: "cluster.local" };
  return { keyPair, signingKey: keyPair, certificate: await writer.writeRoot(template, keyPair) };
}

function leafTemplate(issuer: Signer, changes: Partial<LeafTemplate> = {}): LeafTemplate {
  return {
    serial: hex("80".repeat(16)),
    validity: leafValidity({ now, ttlMs: 3_600_000, issuerNotAfter: issuer.certificate.notAfter }),
    publicKey: workloads["P-256"].publicKey,
    subjectAltNames: [{ kind: "uri", value: spiffeId.toString() }],
    ...changes,
  };
}

function extensionsOf(certificate: Certificate): string[] {
  return readCertificateFields(certificate.der).extensions.map((e) =>
    toHex(encodeExtension(e.oid, e.critical, e.value)),
  );
}

function openssl(...args: string[]): string {
  return execFileSync("openssl", args, { stdio: "pipe" }).toString();
}

const usageOf = { "P-256": "03020780", "RSA-2048": "030205a0" };
const purposes = "301d0603551d250416301406082b0601050507030106082b06010505070302";
const notCa = "300c0603551d130101ff04023000";
const names = `30380603551d110101ff042e302c862a${Buffer.from(spiffeId.toString()).toString("hex")}`;

describe("writeLeaf", () => {
  for (const type of ["P-256", "RSA-2048"] as const) {
    it(`writes the extensions of the profile for a ${type} key, octet by octet and in order`, async () => {
      const issuer = signers["P-256"];
      const leaf = await writer.writeLeaf(
        leafTemplate(issuer, { publicKey: workloads[type].publicKey }),
        issuer,
      );
      const keyId = toHex(issuer.certificate.subjectKeyIdentifier ?? new Uint8Array());
      assert.deepEqual(extensionsOf(leaf), [
        `300e0603551d0f0101ff0404${usageOf[type]}`,
        purposes,
        notCa,
        `301f0603551d230418301680 14${keyId}`.replace(" ", ""),
        names,
      ]);
      assert.deepEqual([toHex(leaf.subject), leaf.serial], ["3000", "80".repeat(16)]);
    });
  }

  it("omits the authority key identifier if the signer has no subject key identifier", async () => {
    const { keyPair } = signers["P-256"];
    const subject = nameOf(oid.organization, "old", 0x14);
    const certificate = forgeCertificate(keyPair, {
      subject,
      extensions: [caExtension()],
      notAfter: "400101000000Z",
    });
    const leaf = await writer.writeLeaf(leafTemplate({ certificate, signingKey: keyPair }), {
      certificate,
      signingKey: keyPair,
    });
    assert.equal(extensionsOf(leaf).length, 4);
    assert.deepEqual(leaf.issuer, certificate.subject);
  });

  it("refuses to write a leaf without a serial, or with a key that is not the signer's", async () => {
    const mixed = { certificate: signers["P-256"].certificate, signingKey: signers["P-384"].keyPair };
    await assert.rejects(writer.writeLeaf(leafTemplate(mixed), mixed), { code: "LINT_FAILED" });
    const issuer = signers["P-256"];
    const template = leafTemplate(issuer, { serial: new Uint8Array() });
    await assert.rejects(writer.writeLeaf(template, issuer), { code: "LINT_FAILED" });
  });

  it("writes the given common name and names of every kind", async () => {
    const issuer = signers["P-256"];
    const leaf = await writer.writeLeaf(
      leafTemplate(issuer, {
        commonName: spiffeId.toString(),
        subjectAltNames: [
          { kind: "dns", value: "localhost" },
          { kind: "ip", value: "127.0.0.1" },
          { kind: "ip", value: "::1" },
          { kind: "uri", value: spiffeId.toString() },
        ],
      }),
      issuer,
    );
    assert.deepEqual(leaf.subject, nameOf(oid.commonName, spiffeId.toString()));
    assert.deepEqual([leaf.dnsNames, leaf.ipAddresses], [["localhost"], ["127.0.0.1", "::1"]]);
    assert.equal(leaf.spiffeId, undefined);
  });

  it("writes a leaf that depends only on identity, key and clock, regardless of other requests in the CSR", async () => {
    // RSA signatures are deterministic, so whole certificates can be compared.
    const issuer = signers["RSA-2048"];
    const keyPair = workloads["P-256"];
    const expected = await writer.writeLeaf(leafTemplate(issuer), issuer);
    const anything = fc.record({
      uris: fc.array(fc.string({ unit: "binary", maxLength: 40 }), { maxLength: 3 }),
      dns: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 2 }),
      organization: fc.string({ maxLength: 20 }),
      wantsCa: fc.boolean(),
      usage: fc.constantFrom("03020106", "030205a0", "0500"),
    });
    await fc.assert(
      fc.asyncProperty(anything, async ({ uris, dns, organization, wantsCa, usage }) => {
        const attributes = requestedExtensions(
          namesExtension(
            uri("spiffe://evil/a"),
            ...uris.map(uri),
            ...dns.map((text) => encode(primitiveTag(2), text)),
          ),
          encodeExtension(oid.keyUsage, true, hex(usage)),
          ...(wantsCa ? [caExtension()] : []),
        );
        const subject = nameOf(oid.organization, organization);
        const request = parseCertificateRequest(forgeRequest(keyPair, { attributes, subject }));
        assert.equal(leafCommonName(request, spiffeId), undefined);
        const leaf = await writer.writeLeaf(leafTemplate(issuer, { publicKey: request.publicKey }), issuer);
        assert.deepEqual(leaf.der, expected.der);
      }),
      { numRuns: 40 },
    );
  });
});

describe("writeRoot", () => {
  it("writes a root that may sign certificates and CRLs, with a key identifier and no issuer above it", async () => {
    const root = signers["P-256"].certificate;
    assert.deepEqual(extensionsOf(root), [
      "300e0603551d0f0101ff040403020106",
      "300f0603551d130101ff040530030101ff",
      `301d0603551d0e041604 14${toHex(root.subjectKeyIdentifier ?? new Uint8Array())}`.replace(" ", ""),
    ]);
    assert.deepEqual(root.subject, nameOf(oid.organization, "cluster.local"));
    assert.deepEqual(root.issuer, root.subject);
    assert.equal(root.subjectKeyIdentifier?.length, 20);
  });

  it("writes years from 2050 as GeneralizedTime and earlier years as UTCTime", () => {
    const der = toHex(signers["P-256"].certificate.der);
    assert.ok(der.includes(`170d${Buffer.from("291231000000Z").toString("hex")}`));
    assert.ok(der.includes(`180f${Buffer.from("20600101000000Z").toString("hex")}`));
  });
});

describe("Verification by OpenSSL", () => {
  const directory = mkdtempSync(join(tmpdir(), "kasbah-pki-"));
  after(() => rmSync(directory, { recursive: true }));

  for (const [type, issuer] of Object.entries(signers)) {
    it(`accepts a leaf under a ${type} root in strict mode, with one critical name and CA:FALSE`, async () => {
      const template = leafTemplate(issuer, { serial: createSerial() });
      const leaf = await writer.writeLeaf(template, issuer);
      const [rootFile, leafFile] = [join(directory, `${type}-root.pem`), join(directory, `${type}-leaf.pem`)];
      writeFileSync(rootFile, issuer.certificate.toPem());
      writeFileSync(leafFile, leaf.toPem());
      const at = String(now.getTime() / 1000);
      assert.match(openssl("verify", "-x509_strict", "-attime", at, "-CAfile", rootFile, leafFile), /: OK/);
      const text = openssl("x509", "-noout", "-text", "-in", leafFile);
      assert.match(
        text,
        /Subject Alternative Name: critical\s+URI:spiffe:\/\/cluster\.local\/ns\/demo\/sa\/frontend\n/,
      );
      assert.match(text, /Basic Constraints: critical\s+CA:FALSE\n/);
      assert.match(text, /Key Usage: critical\s+Digital Signature\n/);
      const expected = { ...template, spiffeId, issuer: issuer.certificate };
      assert.doesNotThrow(() => lintWorkloadCertificate(leaf, expected));
    });
  }
});
