import { join } from "node:path";
import { parseCertificates, parsePrivateKey } from "@kasbah/pki";
import { type Clock, type Logger, Secret } from "@kasbah/runtime";
import { readBoundedFile } from "../../bounded-file.ts";
import { chainPem } from "../../secret/certificate-chain.ts";
import type { HeldCertificate } from "./credentials.ts";

const maxBytes = 128 * 1024;

export interface ProvidedCertificateDeps {
  /** Contains `cert-chain.pem` and `key.pem`, like Istio's PROV_CERT. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Reads the operator's certificate for each call. Logs a warning and returns undefined if it cannot be read,
 * is expired or not yet valid, or does not match its key, for example during a replacement. The token is used
 * instead.
 */
export async function readProvidedCertificate(
  deps: ProvidedCertificateDeps,
): Promise<HeldCertificate | undefined> {
  try {
    return await read(deps);
  } catch (error) {
    const facts = { directory: deps.directory, error };
    deps.logger.warn("cannot use the certificate of --prov-cert; using the token instead", facts);
    return undefined;
  }
}

async function read({ directory, clock }: ProvidedCertificateDeps): Promise<HeldCertificate> {
  const chain = parseCertificates(await readBoundedFile(join(directory, "cert-chain.pem"), maxBytes));
  const key = new Secret(await readBoundedFile(join(directory, "key.pem"), maxBytes));
  const [leaf, ...above] = chain;
  if (leaf?.spiffeId === undefined) throw new Error("the leaf has no SPIFFE ID");
  const now = clock.now();
  if (now < leaf.notBefore) throw new Error("the certificate is not yet valid");
  if (now >= leaf.notAfter) throw new Error("the certificate has expired");
  if (!parsePrivateKey(key.reveal()).publicKey.equals(leaf.publicKey)) {
    throw new Error("the key does not match the certificate");
  }
  const shown = [leaf, ...above.filter((one) => !one.isIssuedBy(one))];
  return { spiffeId: leaf.spiffeId, chainPem: chainPem(shown), key };
}
