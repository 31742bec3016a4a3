import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createKeyPair, parseCertificate, parsePrivateKey } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { systemClock } from "@kasbah/runtime";

/** A workload certificate with its chain and its key, for a TLS client. */
export interface MintedLeaf {
  readonly cert: string;
  readonly key: string;
}

const minuteMs = 60_000;

/** Signs a workload certificate with the intermediate of a CA, as the CA did some time ago. */
export async function mintLeaf(stateDir: string, spiffeId: string, serial: Uint8Array): Promise<MintedLeaf> {
  const { certificate, signingKey } = await intermediateOf(join(stateDir, "authorities"));
  const keyPair = await createKeyPair("P-256");
  const nowMs = Math.floor(systemClock.now().getTime() / 1000) * 1000;
  const leaf = await createCertificateWriter().writeLeaf(
    {
      serial,
      validity: { notBefore: new Date(nowMs - 15 * minuteMs), notAfter: new Date(nowMs + 30 * minuteMs) },
      publicKey: keyPair.publicKey,
      subjectAltNames: [{ kind: "uri", value: spiffeId }],
    },
    { certificate, signingKey },
  );
  return { cert: leaf.toPem() + certificate.toPem(), key: keyPair.toPkcs8Pem() };
}

async function intermediateOf(authorities: string) {
  for (const id of await readdir(authorities)) {
    const pem = await readFile(join(authorities, id, "ca-cert.pem"), "utf8");
    const certificate = parseCertificate(pem);
    const signingKey = parsePrivateKey(await readFile(join(authorities, id, "ca-key.pem"), "utf8"));
    if (!Buffer.from(certificate.issuer).equals(certificate.subject)) return { certificate, signingKey };
  }
  throw new Error(`${authorities} contains no intermediate`);
}
