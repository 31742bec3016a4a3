import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { backdateMs, createKeyPair, type TrustDomain, type Validity } from "@kasbah/pki";
import type { CertificateWriter } from "@kasbah/pki/certificate-writer";
import { type Clock, ensureDirectory, type Logger } from "@kasbah/runtime";
import { StateError } from "../errors.ts";
import { loadAuthority, publishAuthority, type SigningPair } from "./authority-files.ts";

export interface SelfSignedParts {
  /** Holds one directory for each authority; made with mode 0700. */
  readonly directory: string;
  readonly trustDomain: TrustDomain;
  /** True when this state directory shows that a root was in use: then a missing root is a loss, not a beginning. */
  readonly hadRoot: () => Promise<boolean>;
  readonly writer: CertificateWriter;
  readonly newSerial: () => Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
}

const rootLifetimeDays = 3650;

/**
 * Loads the root, or makes it once: of processes that start together, one makes it and all use it.
 *
 * @throws StateError when what is there is not a sound root of this trust domain, or the root was lost.
 */
export async function loadOrCreateRoot(parts: SelfSignedParts): Promise<SigningPair> {
  await ensureDirectory(parts.directory, 0o700);
  const directory = join(parts.directory, "root");
  // Asked before looking for the root: whoever publishes one leaves these traces afterwards.
  const hadRoot = await parts.hadRoot();
  const root = (await loadAuthority(directory)) ?? (await createRoot(directory, hadRoot, parts));
  verifyRoot(root, directory, parts);
  return root;
}

async function createRoot(directory: string, hadRoot: boolean, parts: SelfSignedParts): Promise<SigningPair> {
  if (hadRoot) {
    throw new StateError(
      "AUTHORITY_INCOMPLETE",
      `${directory} is missing, yet this CA had a root: restore it; a new root would cut off every client`,
    );
  }
  const candidate = await writeRoot(parts);
  if (await publishAuthority(directory, candidate)) {
    parts.logger.info("root created", { fingerprint: candidate.certificate.fingerprint });
    return candidate;
  }
  const winner = await loadAuthority(directory);
  if (winner === undefined)
    throw new StateError("AUTHORITY_INCOMPLETE", `${directory} vanished while it was read`);
  return winner;
}

async function writeRoot({ trustDomain, writer, newSerial, clock }: SelfSignedParts): Promise<SigningPair> {
  const keyPair = await createKeyPair("P-256");
  const template = {
    serial: newSerial(),
    validity: rootValidity(clock.now()),
    organization: trustDomain.name,
  };
  return { keyPair, certificate: await writer.writeRoot(template, keyPair) };
}

/** Back-dated as leaves are, so that a client whose clock is behind accepts both or neither. */
function rootValidity(now: Date): Validity {
  const start = Math.floor((now.getTime() - backdateMs) / 1000) * 1000;
  return { notBefore: new Date(start), notAfter: new Date(start + rootLifetimeDays * 86_400_000) };
}

function verifyRoot(
  { certificate }: SigningPair,
  directory: string,
  { trustDomain, clock }: SelfSignedParts,
): void {
  const subject = new X509Certificate(certificate.der).subject;
  if (!certificate.isCa || !certificate.isIssuedBy(certificate)) {
    throw new StateError("AUTHORITY_MALFORMED", `the certificate in ${directory} is not a self-signed CA`);
  }
  if (subject !== `O=${trustDomain.name}`) {
    throw new StateError(
      "AUTHORITY_MISMATCH",
      `the root in ${directory} is for ${JSON.stringify(subject)}, expected O=${trustDomain.name}: set --trust-domain to the root's, or use another --state-dir`,
    );
  }
  if (certificate.notAfter <= clock.now()) {
    const ended = certificate.notAfter.toISOString();
    throw new StateError(
      "AUTHORITY_EXPIRED",
      `the root in ${directory} ended at ${ended}: check the clock, or start anew`,
    );
  }
}
