import { findCertificates, findOnlyKey, PkiError } from "@kasbah/pki";
import { OperatorCertificate, OperatorKey } from "@kasbah/pki/operator-certificate";
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
  const [leaf, ...issuers] = read("certificate", () => readChain(certificateFile));
  if (leaf === undefined) throw invalid("the certificate file contains no certificate");
  const key = read("key", () => new OperatorKey(findOnlyKey(keyFile)));
  if (!key.matches(leaf)) {
    throw invalid(
      "the key does not match the first certificate; the agent retries in case the files are being replaced",
    );
  }
  const chainPem = [leaf, ...issuers].map((one) => one.toPem()).join("");
  return { chainPem, keyPem: key.toPkcs8Pem(), notBefore: leaf.notBefore, notAfter: leaf.notAfter };
}

/** An incomplete chain is worse than the previous chain, so one unreadable block rejects the whole file. */
function readChain(file: Buffer): readonly OperatorCertificate[] {
  return findCertificates(file, (der) => new OperatorCertificate(der));
}

function read<T>(which: "certificate" | "key", parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw invalid(`cannot use the ${which} file: ${cause.message}`, cause);
  }
}

function invalid(rule: string, cause?: unknown): AgentError {
  return new AgentError("FILE_INVALID", rule, { cause });
}
