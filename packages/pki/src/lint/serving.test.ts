import assert from "node:assert/strict";
import { leafValidity } from "../certificate/profile.ts";
import { createSerial } from "../certificate/serial.ts";
import { createKeyPair } from "../keys/key.ts";
import { createCertificateWriter, type LeafTemplate } from "../writer/certificate-writer.ts";
import { type ExpectedServingCertificate, lintServingCertificate } from "./serving.ts";

const now = new Date("2030-01-01T00:00:00Z");
const writer = createCertificateWriter();
const rootKey = await createKeyPair("P-256");
const { publicKey } = await createKeyPair("P-256");
const issuer = await writer.writeRoot(
  {
    serial: createSerial(),
    validity: { notBefore: now, notAfter: new Date("2040-01-01T00:00:00Z") },
    organization: "cluster.local",
  },
  rootKey,
);
const names = [
  { kind: "dns", value: "localhost" },
  { kind: "ip", value: "127.0.0.1" },
  { kind: "ip", value: "::1" },
  { kind: "dns", value: "istiod.istio-system.svc" },
  { kind: "uri", value: "spiffe://cluster.local/ns/kasbah-system/sa/kasbah" },
] as const;
const validity = leafValidity({ now, ttlMs: 3_600_000, issuerNotAfter: issuer.notAfter });
const expected: ExpectedServingCertificate = { names, publicKey, issuer, validity };
const good: LeafTemplate = {
  serial: createSerial(),
  validity,
  publicKey,
  subjectAltNames: names,
  serverOnly: true,
};
const write = (changes: Partial<LeafTemplate> = {}, signingKey = rootKey) =>
  writer.writeLeaf({ ...good, ...changes }, { certificate: issuer, signingKey });

const wrong: Readonly<Record<string, Partial<LeafTemplate>>> = {
  "also identifies TLS clients": { serverOnly: false },
  "has one name less": { subjectAltNames: good.subjectAltNames.slice(1) },
  "has no SPIFFE ID, although one is intended": { subjectAltNames: good.subjectAltNames.slice(0, -1) },
  "has another SPIFFE ID": {
    subjectAltNames: [
      ...good.subjectAltNames.slice(0, -1),
      { kind: "uri", value: "spiffe://cluster.local/ns/a/sa/b" },
    ],
  },
  "names a workload as well": {
    subjectAltNames: [...good.subjectAltNames, { kind: "uri", value: "spiffe://cluster.local/ns/a/sa/b" }],
  },
  "has a common name": { commonName: "istiod" },
  "has a short serial": { serial: Uint8Array.of(1, 2, 3) },
  "is valid for longer": {
    validity: { ...validity, notAfter: new Date(validity.notAfter.getTime() + 1000) },
  },
};

describe("lintServingCertificate", () => {
  it("accepts a certificate that matches its template", async () => {
    lintServingCertificate(await write(), expected);
  });

  it("accepts a certificate without a SPIFFE ID if none is intended, and no other", async () => {
    const without = { ...expected, names: names.slice(0, -1) };
    lintServingCertificate(await write({ subjectAltNames: names.slice(0, -1) }), without);
    const named = await write();
    assert.throws(() => lintServingCertificate(named, without), { code: "LINT_FAILED" });
  });

  it("rejects two SPIFFE IDs, even if both are intended", async () => {
    const uri = { kind: "uri", value: "spiffe://cluster.local/ns/a/sa/b" } as const;
    const certificate = await write({ subjectAltNames: [...names, uri] });
    const both = { ...expected, names: [...names, uri] };
    assert.throws(() => lintServingCertificate(certificate, both), { code: "LINT_FAILED" });
  });

  for (const [what, changes] of Object.entries(wrong)) {
    it(`rejects a serving certificate that ${what}`, async () => {
      const certificate = await write(changes);
      assert.throws(() => lintServingCertificate(certificate, expected), { code: "LINT_FAILED" });
    });
  }

  it("rejects a serving certificate for another key", async () => {
    const certificate = await write({ publicKey: rootKey.publicKey });
    assert.throws(() => lintServingCertificate(certificate, expected), { code: "LINT_FAILED" });
  });
});
