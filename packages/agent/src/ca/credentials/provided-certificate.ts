import { join } from "node:path";
import { PkiError, parseCertificates, parsePrivateKey } from "@kasbah/pki";
import { type Clock, type Logger, Secret } from "@kasbah/runtime";
import { readOperatorFile } from "../../operator-file.ts";
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
  const chain = await readIn(directory, "cert-chain.pem", parseCertificates);
  const key = await readIn(directory, "key.pem", parsePrivateKey);
  const [leaf, ...above] = chain;
  if (leaf?.spiffeId === undefined) throw new Error("the leaf has no SPIFFE ID");
  const now = clock.now();
  if (now < leaf.notBefore) throw new Error("the certificate is not yet valid");
  if (now >= leaf.notAfter) throw new Error("the certificate has expired");
  if (!key.publicKey.equals(leaf.publicKey)) throw new Error("the key does not match the certificate");
  const shown = [leaf, ...above.filter((one) => !one.isIssuedBy(one))];
  return { spiffeId: leaf.spiffeId, chainPem: chainPem(shown), key: new Secret(key.toPkcs8Pem()) };
}

async function readIn<T>(directory: string, name: string, parse: (pem: string) => T): Promise<T> {
  const path = join(directory, name);
  const pem = await readOperatorFile(path, maxBytes, "write it there");
  try {
    return parse(pem);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new Error(`${path}: ${cause.message}`, { cause });
  }
}
