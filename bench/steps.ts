import {
  createCertificateRequest,
  createKeyPair,
  createSerial,
  leafValidity,
  lintWorkloadCertificate,
  parseCertificateRequest,
  parseSpiffeId,
} from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority } from "@kasbah/testkit";
import type { PhysicalLimit } from "./openssl-speed.ts";
import type { Figure } from "./report.ts";

const rounds = 300;

/** CPU of each step of one issuance, alone in this process. */
export async function measureSteps(limit: PhysicalLimit): Promise<readonly Figure[]> {
  const authority = await createTestAuthority();
  const writer = createCertificateWriter();
  const spiffeId = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
  const validity = leafValidity({
    now: systemClock.now(),
    ttlMs: 86_400_000,
    issuerNotAfter: authority.certificate.notAfter,
  });
  const keyPair = await createKeyPair("P-256");
  const ecCsr = createCertificateRequest(keyPair, spiffeId);
  const rsaCsr = createCertificateRequest(await createKeyPair("RSA-2048"), spiffeId);
  const { publicKey } = keyPair;
  const subjectAltNames = [{ kind: "uri", value: spiffeId.toString() } as const];
  const write = () =>
    writer.writeLeaf({ serial: createSerial(), validity, publicKey, subjectAltNames }, authority);
  const leaf = await write();
  const lint = () =>
    lintWorkloadCertificate(leaf, { spiffeId, publicKey, issuer: authority.certificate, validity });
  const steps: readonly [string, () => unknown][] = [
    ["agent: make a P-256 key", () => createKeyPair("P-256")],
    ["agent: write a CSR", () => createCertificateRequest(keyPair, spiffeId)],
    ["CA: parse and verify a P-256 CSR", () => parseCertificateRequest(ecCsr)],
    ["CA: parse and verify an RSA-2048 CSR", () => parseCertificateRequest(rsaCsr)],
    ["CA: write and sign a leaf", write],
    ["CA: lint it with other eyes", lint],
  ];
  const figures: Figure[] = [];
  for (const [name, step] of steps) {
    const value = await cpuUsOf(step);
    figures.push({
      topic: "CPU of each step",
      name,
      value,
      unit: "µs",
      ratio: value / limit.signAndVerifyUs,
    });
  }
  return figures;
}

async function cpuUsOf(step: () => unknown): Promise<number> {
  for (let round = 0; round < rounds / 3; round += 1) await step();
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await step();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}
