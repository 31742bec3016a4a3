import { PkiError } from "@kasbah/pki";
import { isKeyLabel, OperatorCertificate, OperatorKey } from "@kasbah/pki/operator-certificate";
import { AgentError } from "../errors.ts";
import { readPemBlocks } from "./pem-blocks.ts";

/** A chain and the key of its first certificate, as Envoy gets them. Existing proves that they belong together. */
export interface CertificatePair {
  readonly chainPem: string;
  readonly keyPem: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Reads the two files of a pair, which may be one and the same. Of each only its own blocks are taken, so that a key beside
 * the certificates never leaves with them. @throws AgentError `FILE_INVALID` when they are no pair
 */
export function parseCertificatePair(certificateFile: Buffer, keyFile: Buffer): CertificatePair {
  try {
    const [leaf, ...issuers] = readChain(certificateFile);
    if (leaf === undefined) throw invalid("the certificate file holds no certificate");
    const key = readKey(keyFile);
    if (!key.isOf(leaf)) {
      throw invalid(
        "the key is not that of the first certificate; both are waited for when they are being replaced",
      );
    }
    const chainPem = [leaf, ...issuers].map((one) => one.toPem()).join("");
    return { chainPem, keyPem: key.toPkcs8Pem(), notBefore: leaf.notBefore, notAfter: leaf.notAfter };
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw invalid(cause.message, cause);
  }
}

/** A chain with a hole is worse than the chain before it: whatever cannot be read refuses the whole. */
function readChain(file: Buffer): readonly OperatorCertificate[] {
  const { blocks, problems } = readPemBlocks(file);
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  return blocks.filter(({ label }) => label === "CERTIFICATE").map(({ der }) => new OperatorCertificate(der));
}

function readKey(file: Buffer): OperatorKey {
  const { blocks, problems } = readPemBlocks(file);
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  // OpenSSL writes EC PARAMETERS before a key; certificates stand there when both files are one.
  const [block, ...others] = blocks.filter(({ label }) => isKeyLabel(label));
  if (block === undefined || others.length > 0) throw invalid("the key file does not hold one private key");
  return new OperatorKey(block);
}

function invalid(rule: string, cause?: unknown): AgentError {
  return new AgentError("FILE_INVALID", rule, { cause });
}
