import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { leafValidity } from "../certificate/profile.ts";
import { createSerial } from "../certificate/serial.ts";
import { encode, encodeExtension } from "../der/writer.ts";
import { caExtension, forgeCertificate, namesExtension, uri } from "../forge.fixture.ts";
import { createKeyPair } from "../keys/key.ts";
import { uriTag } from "../names/general-name.ts";
import { parseSpiffeId } from "../names/spiffe-id.ts";
import { oid } from "../oids.ts";
import { createCertificateWriter, type LeafTemplate } from "../writer/certificate-writer.ts";
import { hasLeafExtensions } from "./leaf-profile.ts";
import { type ExpectedWorkloadCertificate, lintWorkloadCertificate } from "./lint.ts";

const now = new Date("2030-01-01T00:00:00Z");
const spiffeId = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
const writer = createCertificateWriter();
const rootKey = await createKeyPair("P-256");
const { publicKey } = await createKeyPair("P-256");
const rootTemplate = {
  serial: createSerial(),
  validity: { notBefore: now, notAfter: new Date("2040-01-01T00:00:00Z") },
  organization: "cluster.local",
};
const issuer = await writer.writeRoot(rootTemplate, rootKey);
const serial = createSerial();
const expected: ExpectedWorkloadCertificate = {
  serial,
  spiffeId,
  publicKey,
  issuer,
  validity: leafValidity({ now, ttlMs: 3_600_000, issuerNotAfter: issuer.notAfter }),
};

const good: LeafTemplate = {
  serial,
  validity: expected.validity,
  publicKey,
  subjectAltNames: [{ kind: "uri", value: spiffeId.toString() }],
};
const write = (changes: Partial<LeafTemplate> = {}) =>
  writer.writeLeaf({ ...good, ...changes }, { certificate: issuer, signingKey: rootKey });

const wrong: Readonly<Record<string, Partial<LeafTemplate>>> = {
  "another identity": {
    subjectAltNames: [{ kind: "uri", value: "spiffe://cluster.local/ns/demo/sa/admin" }],
  },
  "a second name": { subjectAltNames: [...good.subjectAltNames, { kind: "dns", value: "example.com" }] },
  "no name": { subjectAltNames: [] },
  "a DNS name that is not in the order": {
    subjectAltNames: [
      { kind: "uri", value: spiffeId.toString() },
      { kind: "dns", value: "db.example" },
    ],
  },
  "its identity as a DNS name": { subjectAltNames: [{ kind: "dns", value: spiffeId.toString() }] },
  "another key": { publicKey: rootKey.publicKey },
  "a longer lifetime": { validity: { ...good.validity, notAfter: new Date("2031-01-01T00:00:00Z") } },
  "a common name that is not its identity": { commonName: "admin" },
  "a short serial": { serial: Uint8Array.of(1) },
};

describe("lintWorkloadCertificate", () => {
  for (const [what, changes] of Object.entries(wrong)) {
    it(`rejects a certificate with ${what}`, async () => {
      // Without names the writer creates an empty subjectAltName, which the parser already rejects.
      const written = async () => lintWorkloadCertificate(await write(changes), expected);
      await assert.rejects(written, (error: { code?: string }) =>
        ["LINT_FAILED", "CERTIFICATE_MALFORMED"].includes(error.code ?? ""),
      );
    });
  }

  it("rejects a certificate that the issuer did not sign", async () => {
    const other = await writer.writeRoot(
      { ...rootTemplate, organization: "cluster.local" },
      await createKeyPair("P-256"),
    );
    const leaf = await write();
    assert.throws(() => lintWorkloadCertificate(leaf, { ...expected, issuer: other }), {
      code: "LINT_FAILED",
    });
  });

  it("rejects a certificate that outlives its issuer, even if the order said so", async () => {
    const validity = { ...expected.validity, notAfter: new Date("2041-01-01T00:00:00Z") };
    const leaf = await write({ validity });
    assert.throws(() => lintWorkloadCertificate(leaf, { ...expected, validity }), { code: "LINT_FAILED" });
  });

  it("rejects a certificate whose extensions differ from the profile", () => {
    const forged = forgeCertificate(rootKey, {
      issuer: issuer.subject,
      publicKey: publicKey.spki,
      extensions: [
        caExtension(),
        namesExtension(uri(spiffeId.toString())),
        encodeExtension("1.2.3", false, good.serial),
      ],
    });
    const { notBefore, notAfter } = forged;
    assert.throws(() => lintWorkloadCertificate(forged, { ...expected, validity: { notBefore, notAfter } }), {
      code: "LINT_FAILED",
    });
  });

  it("wants a critical subject alternative name without a subject, and one that is not critical with a subject", async () => {
    const names = [encode(uriTag, Buffer.from(spiffeId.toString()))];
    const profile = { publicKey, issuer, purposes: [oid.serverAuth, oid.clientAuth], names };
    for (const [changes, hasSubject] of [
      [{}, false],
      [{ commonName: spiffeId.toString() }, true],
    ] as const) {
      const leaf = await write(changes);
      const text = execFileSync("openssl", ["x509", "-noout", "-ext", "subjectAltName"], {
        input: leaf.toPem(),
      });
      assert.equal(text.includes("Subject Alternative Name: critical"), !hasSubject);
      assert.equal(hasLeafExtensions(leaf, { ...profile, hasSubject }), true);
      assert.equal(hasLeafExtensions(leaf, { ...profile, hasSubject: !hasSubject }), false);
    }
  });

  it("accepts the approved certificate, with or without a common name", async () => {
    for (const changes of [{}, { commonName: spiffeId.toString() }]) {
      const leaf = await write(changes);
      assert.doesNotThrow(() => lintWorkloadCertificate(leaf, { ...expected, ...changes }));
    }
  });
});
