import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Certificate, createKeyPair, createSerial, TrustBundle } from "@kasbah/pki";
import { createCertificateWriter, type Signer } from "@kasbah/pki/certificate-writer";
import { istioNames } from "../../../packages/ca-server/src/authorities/plugged-in/layout.ts";
import type { PluggedInSet } from "../../../packages/ca-server/src/authorities/plugged-in/load-set.ts";
import { intermediateTtlMs, rootTtlMs } from "./model-ca.ts";

const writer = createCertificateWriter();
const organization = "company";

/** An operator's PKI: its root keys stay outside of the CA, which gets intermediates only. */
export class CompanyPki {
  readonly #roots = new Map<string, Signer>();
  #made = 0;

  /** A new intermediate under a new root. `others` are further roots for the file of roots. */
  async underNewRoot(now: Date, others: readonly Certificate[] = []): Promise<PluggedInSet> {
    const signingKey = await createKeyPair("P-256");
    const template = { serial: createSerial(), validity: validity(now, rootTtlMs), organization };
    const certificate = await writer.writeRoot(template, signingKey);
    this.#roots.set(certificate.fingerprint, { signingKey, certificate });
    return this.under(certificate, now, others);
  }

  /** A new intermediate under an existing root. */
  async under(root: Certificate, now: Date, others: readonly Certificate[] = []): Promise<PluggedInSet> {
    const signer = this.#roots.get(root.fingerprint);
    if (signer === undefined) throw new Error("the root is not from this PKI");
    const keyPair = await createKeyPair("P-256");
    this.#made += 1;
    const commonName = `intermediate ${this.#made}`;
    const template = { serial: createSerial(), validity: validity(now, intermediateTtlMs), organization };
    const named = { ...template, commonName, publicKey: keyPair.publicKey };
    const certificate = await writer.writeIntermediate(named, signer);
    const roots = TrustBundle.from([root, ...others]);
    const digest = certificate.fingerprint;
    const names = istioNames;
    return { signer: { certificate, keyPair }, intermediates: [], root, roots, digest, names, skipped: [] };
  }
}

/** Writes a set as an operator does. */
export async function writeSet(home: string, { signer, roots }: PluggedInSet): Promise<void> {
  await writeFile(join(home, "ca-key.pem"), signer.keyPair.toPkcs8Pem(), { mode: 0o600 });
  await writeFile(join(home, "ca-cert.pem"), signer.certificate.toPem());
  await writeFile(join(home, "cert-chain.pem"), "");
  await writeFile(join(home, "root-cert.pem"), roots.toPem());
}

function validity(now: Date, ttlMs: number) {
  const notBefore = new Date(Math.floor(now.getTime() / 1000) * 1000);
  return { notBefore, notAfter: new Date(notBefore.getTime() + ttlMs) };
}
