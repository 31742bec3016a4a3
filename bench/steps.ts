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
import { startCaParts } from "./ca-parts.ts";
import { cpuUsOf, type Step } from "./cpu.ts";
import { type PhysicalLimit, timesOpenssl } from "./openssl-speed.ts";
import type { Figure } from "./report.ts";

const topic = "CPU of each step, in an otherwise idle process";

/** Measures the CPU time of each step of one issuance, kernel time and Node's own threads included. */
export async function measureSteps(folder: string, limit: PhysicalLimit): Promise<readonly Figure[]> {
  const parts = await startCaParts(folder);
  try {
    const steps: readonly Step[] = [
      ...(await agentSteps()),
      ["CA: verify an ES256 token", parts.verifyToken],
      ...(await caSteps()),
      ["CA: record it, synced to the disk", parts.record],
    ];
    const figures: Figure[] = [];
    for (const [name, step] of steps) {
      const value = await cpuUsOf(step);
      figures.push({ topic, name, value, unit: "µs", against: timesOpenssl(value, limit) });
    }
    return figures;
  } finally {
    await parts.stop();
  }
}

const spiffeId = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");

async function agentSteps(): Promise<readonly Step[]> {
  const keyPair = await createKeyPair("P-256");
  return [
    ["agent: generate a P-256 key", () => createKeyPair("P-256")],
    ["agent: write a CSR", () => createCertificateRequest(keyPair, spiffeId)],
  ];
}

async function caSteps(): Promise<readonly Step[]> {
  const authority = await createTestAuthority();
  const writer = createCertificateWriter();
  const { certificate: issuer } = authority;
  const now = systemClock.now();
  const validity = leafValidity({ now, ttlMs: 86_400_000, issuerNotAfter: issuer.notAfter });
  const keyPair = await createKeyPair("P-256");
  const { publicKey } = keyPair;
  const ecCsr = createCertificateRequest(keyPair, spiffeId);
  const rsaCsr = createCertificateRequest(await createKeyPair("RSA-2048"), spiffeId);
  const subjectAltNames = [{ kind: "uri", value: spiffeId.toString() } as const];
  const serial = createSerial();
  const write = () => writer.writeLeaf({ serial, validity, publicKey, subjectAltNames }, authority);
  const leaf = await write();
  return [
    ["CA: parse and verify a P-256 CSR", () => parseCertificateRequest(ecCsr)],
    ["CA: parse and verify an RSA-2048 CSR", () => parseCertificateRequest(rsaCsr)],
    ["CA: write and sign a leaf", write],
    [
      "CA: lint it, with its signature",
      () => lintWorkloadCertificate(leaf, { spiffeId, serial, publicKey, issuer, validity }),
    ],
  ];
}
