import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { parseCertificates } from "@kasbah/pki";
import { mintSecret } from "@kasbah/testkit";
import type { WorkloadSecret } from "../secret/secret-store.ts";
import { leafResource, rootsResource } from "./envoy-secret.ts";

const receivedAt = new Date("2030-01-01T00:00:00Z");

describe("An Envoy secret", () => {
  it("excludes the root from the chain and contains the key of the leaf", async () => {
    const secret = await mintSecret({ receivedAt, ttlMs: 60_000 });
    const sent = leafResource("default", secret).secret;
    assert.ok(sent?.kind === "tlsCertificate" && sent.name === "default");
    const chain = Buffer.from(sent.certificateChain).toString();
    assert.deepEqual(
      parseCertificates(chain).map(({ fingerprint }) => fingerprint),
      [secret.leaf.fingerprint],
    );
    const key = Buffer.from(sent.privateKey).toString();
    assert.ok(key.startsWith("-----BEGIN EC PRIVATE KEY-----\n"));
    assert.ok(new X509Certificate(chain).checkPrivateKey(createPrivateKey(key)));
  });

  for (const [keyType, keyFormat, label] of [
    ["P-256", "pkcs8", "PRIVATE KEY"],
    ["P-384", "traditional", "EC PRIVATE KEY"],
    ["RSA-2048", "traditional", "RSA PRIVATE KEY"],
    ["RSA-2048", "pkcs8", "PRIVATE KEY"],
  ] as const) {
    it(`contains a ${keyType} key as ${label} if the key format is ${keyFormat}`, async () => {
      const secret = await mintSecret({ receivedAt, ttlMs: 60_000, keyType, keyFormat });
      const sent = leafResource("default", secret).secret;
      assert.ok(sent.kind === "tlsCertificate");
      const key = Buffer.from(sent.privateKey).toString();
      assert.ok(key.startsWith(`-----BEGIN ${label}-----\n`), "the key has another PEM label");
      assert.ok(new X509Certificate(sent.certificateChain).checkPrivateKey(createPrivateKey(key)));
    });
  }

  it("contains the whole trust bundle under ROOTCA", async () => {
    const secret = await mintSecret({ receivedAt, ttlMs: 60_000 });
    const sent = rootsResource("ROOTCA", secret).secret;
    assert.ok(sent?.kind === "validationContext" && sent.name === "ROOTCA");
    assert.equal(Buffer.from(sent.trustedCa).toString(), secret.bundle.toPem());
  });

  it("assigns equal versions to equal bytes and different versions to different bytes", async () => {
    const secret = await mintSecret({ receivedAt, ttlMs: 60_000 });
    const other = await mintSecret({ receivedAt, ttlMs: 60_000 });
    const versions = (of: WorkloadSecret) =>
      [rootsResource("ROOTCA", of), leafResource("default", of)].map(({ version }) => version);
    assert.deepEqual(versions({ ...secret }), versions(secret));
    assert.equal(new Set([...versions(secret), ...versions(other)]).size, 4);
    assert.equal(versions({ ...other, bundle: secret.bundle })[0], versions(secret)[0]);
  });
});
