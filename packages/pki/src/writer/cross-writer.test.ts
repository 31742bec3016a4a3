import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { rejectsWithCode, temporaryDirectory } from "@kasbah/testkit";
import type { Certificate } from "../certificate/certificate.ts";
import { createSerial } from "../certificate/serial.ts";
import { forgeCertificate } from "../forge.fixture.ts";
import { createKeyPair } from "../keys/key.ts";
import type { KeyType } from "../keys/key-types.ts";
import { createCertificateWriter, type Signer } from "./certificate-writer.ts";

const writer = createCertificateWriter();
const notBefore = new Date("2029-01-01T00:00:00Z");
const validity = { notBefore, notAfter: new Date("2039-01-01T00:00:00Z") };
const sooner = { notBefore, notAfter: new Date("2035-01-01T00:00:00Z") };
const atUnixTime = new Date("2030-01-01T00:00:00Z").getTime() / 1000;
const organization = "cluster.local";

async function createRoot(type: KeyType = "P-256", name = organization, during = validity): Promise<Signer> {
  const signingKey = await createKeyPair(type);
  const template = { serial: createSerial(), validity: during, organization: name };
  return { signingKey, certificate: await writer.writeRoot(template, signingKey) };
}

const cross = (root: Signer, issuer: Signer, during = sooner) =>
  writer.writeCross({ serial: createSerial(), validity: during, root: root.certificate }, issuer);

/** A serving certificate under an intermediate of the root, with that intermediate. */
async function createServingChain(root: Signer): Promise<readonly [Certificate, Certificate]> {
  const signingKey = await createKeyPair("P-256");
  const common = { serial: createSerial(), validity: sooner };
  const names = { organization, commonName: "kasbah intermediate 2" };
  const intermediate = await writer.writeIntermediate(
    { ...common, ...names, publicKey: signingKey.publicKey },
    root,
  );
  const { publicKey } = await createKeyPair("P-256");
  const subjectAltNames = [{ kind: "dns", value: "localhost" } as const];
  const issuer = { certificate: intermediate, signingKey };
  const leaf = await writer.writeLeaf(
    { ...common, serial: createSerial(), publicKey, subjectAltNames },
    issuer,
  );
  return [leaf, intermediate];
}

/** Throws with OpenSSL's message if a client that holds only `root` rejects the chain. */
async function opensslAccepts(
  root: Certificate,
  [leaf, ...others]: readonly [Certificate, ...Certificate[]],
): Promise<void> {
  await using directory = await temporaryDirectory();
  const write = (name: string, certificates: readonly Certificate[]) =>
    writeFile(directory.join(name), certificates.map((each) => each.toPem()).join(""));
  await write("root.pem", [root]);
  await write("others.pem", others);
  await write("leaf.pem", [leaf]);
  const flags = ["-x509_strict", "-purpose", "sslserver", "-attime", `${atUnixTime}`];
  const files = ["-CAfile", "root.pem", "-untrusted", "others.pem", "leaf.pem"];
  execFileSync("openssl", ["verify", ...flags, ...files], { cwd: directory.path, stdio: "pipe" });
}

describe("writeCross", () => {
  let former: Signer;
  let current: Signer;
  before(async () => {
    former = await createRoot();
    current = await createRoot();
  });

  it("fails if the new root or the old one has no subject key identifier", async () => {
    const key = await createKeyPair("P-256");
    const bare: Signer = { signingKey: key, certificate: forgeCertificate(key, { extensions: [] }) };
    await rejectsWithCode(cross(bare, former), "LINT_FAILED");
    await rejectsWithCode(cross(current, bare), "LINT_FAILED");
  });

  it("fails if the certificate would outlive one of the roots, or certify the signer's own key", async () => {
    const old = await createRoot("P-256", organization, sooner);
    await rejectsWithCode(cross(current, old, validity), "LINT_FAILED");
    await rejectsWithCode(cross(old, current, validity), "LINT_FAILED");
    await rejectsWithCode(cross(former, former), "LINT_FAILED");
  });

  it("writes the subject and key identifier of the new root and only the key identifier of the old one", async () => {
    const written = await cross(current, former);
    const input = written.toPem();
    const shown = execFileSync("openssl", ["x509", "-noout", "-text"], { input, encoding: "utf8" });
    assert.match(shown, /Key Usage: critical\s+Certificate Sign, CRL Sign/);
    assert.match(shown, /Basic Constraints: critical\s+CA:TRUE\n/);
    assert.doesNotMatch(shown, /DirName|serial:/);
    assert.deepEqual(written.subject, current.certificate.subject);
    assert.deepEqual(written.subjectKeyIdentifier, current.certificate.subjectKeyIdentifier);
    assert.deepEqual(written.extensions.authorityKeyIdentifier, former.certificate.subjectKeyIdentifier);
    assert.deepEqual(written.notAfter, sooner.notAfter);
  });

  for (const [oldType, newType, newName] of [
    ["P-256", "P-256", organization],
    ["P-384", "RSA-3072", organization],
    ["RSA-3072", "P-256", "other.example"],
  ] as const) {
    it(`lets OpenSSL accept a ${newType} root named ${newName} by the ${oldType} root or by itself`, async () => {
      const [old, next] = [await createRoot(oldType), await createRoot(newType, newName)];
      const chain = await createServingChain(next);
      await assert.rejects(opensslAccepts(old.certificate, chain));
      const served = [...chain, await cross(next, old)] as const;
      for (const root of [old, next]) await opensslAccepts(root.certificate, served);
    });
  }

  it("lets OpenSSL accept the third root by any of the three through two cross-certificates", async () => {
    const third = await createRoot();
    const chain = await createServingChain(third);
    const served = [...chain, await cross(third, current), await cross(current, former)] as const;
    for (const root of [former, current, third]) await opensslAccepts(root.certificate, served);
  });
});
