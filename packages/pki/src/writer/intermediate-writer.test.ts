import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { rejectsWithCode, temporaryDirectory, throwsWithCode } from "@kasbah/testkit";
import { verifyAuthorityChain } from "../certificate/authority-chain.ts";
import type { Certificate } from "../certificate/certificate.ts";
import { verifyChain } from "../certificate/chain.ts";
import { createSerial } from "../certificate/serial.ts";
import { TrustBundle } from "../certificate/trust-bundle.ts";
import { createKeyPair } from "../keys/key.ts";
import type { KeyType } from "../keys/key-types.ts";
import type { SigningKey } from "../keys/signing-key.ts";
import { parseTrustDomain } from "../names/trust-domain.ts";
import { createCertificateWriter, type Signer } from "./certificate-writer.ts";

const writer = createCertificateWriter();
const now = new Date("2030-01-01T00:00:00Z");
const validity = { notBefore: new Date("2029-01-01T00:00:00Z"), notAfter: new Date("2039-01-01T00:00:00Z") };
const organization = "cluster.local";
const spiffe = { kind: "uri", value: "spiffe://cluster.local/ns/demo/sa/frontend" } as const;

async function createRoot(type: KeyType): Promise<Signer> {
  const signingKey = await createKeyPair(type);
  return {
    signingKey,
    certificate: await writer.writeRoot({ serial: createSerial(), validity, organization }, signingKey),
  };
}

let made = 0;

async function createIntermediate(root: Signer, type: KeyType, permitted?: string): Promise<Signer> {
  const signingKey = await createKeyPair(type);
  const constraint = permitted === undefined ? {} : { permittedTrustDomain: parseTrustDomain(permitted) };
  // The name is unique: an intermediate named like its issuer would not count towards a path length (RFC 5280
  // §6.1.4 l).
  const names = { organization, commonName: `kasbah intermediate ${++made}` };
  const template = {
    serial: createSerial(),
    validity,
    publicKey: signingKey.publicKey,
    ...names,
    ...constraint,
  };
  return { signingKey, certificate: await writer.writeIntermediate(template, root) };
}

async function createLeaf(issuer: Signer): Promise<Certificate> {
  const { publicKey } = await createKeyPair("P-256");
  return writer.writeLeaf({ serial: createSerial(), validity, publicKey, subjectAltNames: [spiffe] }, issuer);
}

describe("writeIntermediate", () => {
  let root: Signer;
  before(async () => {
    root = await createRoot("P-256");
  });

  it("writes an intermediate below which neither our verifier nor OpenSSL accepts another CA", async () => {
    const first = await createIntermediate(root, "P-256");
    const second = await createIntermediate(first, "P-256");
    const bundle = TrustBundle.from([root.certificate]);
    const intermediates = [first.certificate];
    throwsWithCode(
      () => verifyAuthorityChain({ authority: second.certificate, intermediates, bundle, now }),
      "CHAIN_INVALID",
    );
    const leaf = await createLeaf(second);
    const chain = [second.certificate, first.certificate];
    throwsWithCode(() => verifyChain({ leaf, intermediates: chain, bundle, now }), "CHAIN_INVALID");
    await assert.rejects(opensslVerifies(leaf, chain, root.certificate), /path length/);
  });

  it("fails if the key is rejected, or if it signs for another certificate", async () => {
    const broken = (sign: SigningKey["sign"]): Signer => ({
      ...root,
      signingKey: { publicKey: root.signingKey.publicKey, sign },
    });
    const other = await createKeyPair("P-256");
    const foreign = broken((data) => other.sign(data));
    await rejectsWithCode(createIntermediate(foreign, "P-256"), "LINT_FAILED");
    const gone = broken(() => Promise.reject(new Error("the HSM was removed")));
    await assert.rejects(createIntermediate(gone, "P-256"), /the HSM was removed/);
  });

  it("accepts a signing key that answers asynchronously", async () => {
    let asked = 0;
    const remote: SigningKey = {
      publicKey: root.signingKey.publicKey,
      async sign(data) {
        asked += 1;
        await new Promise((resolve) => setImmediate(resolve));
        return root.signingKey.sign(data);
      },
    };
    const { certificate } = await createIntermediate({ ...root, signingKey: remote }, "P-256");
    assert.ok(certificate.isIssuedBy(root.certificate));
    assert.equal(asked, 1);
  });

  for (const [rootType, type] of [
    ["P-256", "P-256"],
    ["P-384", "P-384"],
    ["RSA-3072", "RSA-3072"],
    ["RSA-4096", "P-256"],
  ] as const) {
    it(`writes a ${type} intermediate under a ${rootType} root whose leaves OpenSSL verifies`, async () => {
      const above = await createRoot(rootType);
      const intermediate = await createIntermediate(above, type, organization);
      const leaf = await createLeaf(intermediate);
      const bundle = TrustBundle.from([above.certificate]);
      verifyAuthorityChain({ authority: intermediate.certificate, intermediates: [], bundle, now });
      verifyChain({ leaf, intermediates: [intermediate.certificate], bundle, now });
      await opensslVerifies(leaf, [intermediate.certificate], above.certificate);
    });
  }

  it("writes a CA of path length 0 that signs certificates and CRLs, with the key ids of itself and its issuer", async () => {
    const { certificate } = await createIntermediate(root, "P-256", organization);
    const shown = execFileSync("openssl", ["x509", "-noout", "-text"], {
      input: certificate.toPem(),
      encoding: "utf8",
    });
    const expected = [
      /Subject: O ?= ?cluster\.local, CN ?= ?kasbah intermediate \d+/,
      /Key Usage: critical\s+Certificate Sign, CRL Sign/,
      /Basic Constraints: critical\s+CA:TRUE, pathlen:0/,
      /Name Constraints: critical\s+Permitted:\s+URI:cluster\.local/,
    ];
    for (const pattern of expected) assert.match(shown, pattern);
    assert.ok(new X509Certificate(certificate.der).checkIssued(new X509Certificate(root.certificate.der)));
    assert.deepEqual(certificate.extensions.authorityKeyIdentifier, root.certificate.subjectKeyIdentifier);
  });

  it("writes no name constraint unless one is requested", async () => {
    const { certificate } = await createIntermediate(root, "P-256");
    assert.equal(certificate.extensions.nameConstraints, undefined);
  });
});

async function opensslVerifies(
  leaf: Certificate,
  chain: readonly Certificate[],
  root: Certificate,
): Promise<void> {
  await using directory = await temporaryDirectory();
  const [leafPath, chainPath, rootPath] = ["leaf", "chain", "root"].map((name) => directory.join(name));
  assert.ok(leafPath && chainPath && rootPath);
  await writeFile(leafPath, leaf.toPem());
  await writeFile(chainPath, chain.map((each) => each.toPem()).join(""));
  await writeFile(rootPath, root.toPem());
  const at = ["-attime", String(now.getTime() / 1000)];
  const args = ["verify", "-x509_strict", ...at, "-CAfile", rootPath, "-untrusted", chainPath, leafPath];
  execFileSync("openssl", args, { stdio: "pipe", encoding: "utf8" });
}
