import { findCertificates, findPemBlocks, PkiError } from "@kasbah/pki";
import { isKeyLabel, OperatorCertificate, OperatorKey } from "@kasbah/pki/operator-certificate";
import { AgentError } from "../errors.ts";

/**
 * A chain and the key of its first certificate, as sent to Envoy. A value of this type proves that they
 * match.
 */
export interface CertificatePair {
  readonly chainPem: string;
  readonly keyPem: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Parses the two files of a pair, which may be the same file. Only the expected blocks are taken from each,
 * so that a key next to the certificates is never sent. @throws AgentError `FILE_INVALID` if they are not a
 * pair
 */
export function parseCertificatePair(certificateFile: Buffer, keyFile: Buffer): CertificatePair {
  try {
    const [leaf, ...issuers] = readChain(certificateFile);
    if (leaf === undefined) throw invalid("the certificate file contains no certificate");
    const key = readKey(keyFile);
    if (!key.matches(leaf)) {
      throw invalid(
        "the key does not match the first certificate; the agent retries in case the files are being replaced",
      );
    }
    const chainPem = [leaf, ...issuers].map((one) => one.toPem()).join("");
    return { chainPem, keyPem: key.toPkcs8Pem(), notBefore: leaf.notBefore, notAfter: leaf.notAfter };
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw invalid(cause.message, cause);
  }
}

/** An incomplete chain is worse than the previous chain, so one unreadable block rejects the whole file. */
function readChain(file: Buffer): readonly OperatorCertificate[] {
  return findCertificates(file.toString("utf8")).map((der) => new OperatorCertificate(der));
}

function readKey(file: Buffer): OperatorKey {
  const blocks = findPemBlocks(file.toString("utf8"));
  // OpenSSL writes EC PARAMETERS before a key, and certificates are present if both files are the same.
  const [block, ...others] = blocks.filter(({ label }) => isKeyLabel(label));
  if (block === undefined || others.length > 0)
    throw invalid("the key file does not contain exactly one private key");
  return new OperatorKey(block);
}

function invalid(rule: string, cause?: unknown): AgentError {
  return new AgentError("FILE_INVALID", rule, { cause });
}
