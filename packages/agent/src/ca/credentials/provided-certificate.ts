import { join } from "node:path";
import { parseCertificates, parsePrivateKey } from "@kasbah/pki";
import { type Clock, type Logger, Secret } from "@kasbah/runtime";
import { readBoundedFile } from "../../bounded-file.ts";
import { chainPem } from "../../secret/certificate-chain.ts";
import type { HeldCertificate } from "./credentials.ts";

const maxBytes = 128 * 1024;

export interface ProvidedCertificateDeps {
  /** Holds `cert-chain.pem` and `key.pem`, as Istio's PROV_CERT. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Reads the certificate that somebody else put there, anew for each call. Undefined, with a warning, when it cannot be read, has
 * ended, has not begun or does not fit its key, as in the midst of a replacement: the token serves instead.
 */
export async function readProvidedCertificate(
  deps: ProvidedCertificateDeps,
): Promise<HeldCertificate | undefined> {
  try {
    return await read(deps);
  } catch (error) {
    const facts = { directory: deps.directory, error };
    deps.logger.warn("the certificate of --prov-cert cannot be used, the token serves instead", facts);
    return undefined;
  }
}

async function read({ directory, clock }: ProvidedCertificateDeps): Promise<HeldCertificate> {
  const chain = parseCertificates(await readBoundedFile(join(directory, "cert-chain.pem"), maxBytes));
  const key = new Secret(await readBoundedFile(join(directory, "key.pem"), maxBytes));
  const [leaf, ...above] = chain;
  if (leaf?.spiffeId === undefined) throw new Error("its leaf has no SPIFFE ID");
  const now = clock.now();
  if (now < leaf.notBefore) throw new Error("it has not begun");
  if (now >= leaf.notAfter) throw new Error("it has ended");
  if (!parsePrivateKey(key.reveal()).publicKey.equals(leaf.publicKey)) {
    throw new Error("its key belongs to another certificate");
  }
  const shown = [leaf, ...above.filter((one) => !one.isIssuedBy(one))];
  return { spiffeId: leaf.spiffeId, chainPem: chainPem(shown), key };
}
