import { createHash } from "node:crypto";
import { type Certificate, encodePem, findCertificates, PkiError, parseCertificate } from "@kasbah/pki";
import { OperationError } from "../../errors.ts";
import type { SigningPair } from "../keys/authority-files.ts";
import type { PluggedInFiles } from "../plugged-in/files.ts";

/** The files that an operator got from the company's PKI, in PEM. */
export interface SignedChain {
  /** The signed certificate and those above it, in any order, with or without the root. */
  readonly chainPem: string;
  /** The root, if the chain does not contain it and the CA does not use it yet; else "". */
  readonly rootsPem: string;
}

/** The words of an error about a certificate that came in one file. */
const names = {
  certificate: "the signed certificate",
  key: "the key of the CSR",
  chain: "the chain",
  roots: "the chain, --root or the roots in use",
};

const maxCertificates = 20;

/** Every certificate of both files, in order. @throws OperationError */
export function certificatesIn({ chainPem, rootsPem }: SignedChain): readonly Certificate[] {
  try {
    const certificates = [chainPem, rootsPem].flatMap((pem) => findCertificates(pem, parseCertificate));
    if (certificates.length > maxCertificates)
      throw new OperationError(
        `the files contain ${certificates.length} certificates, expected at most ${maxCertificates}`,
      );
    return certificates;
  } catch (error) {
    if (error instanceof PkiError) throw new OperationError(`cannot read the chain: ${error.message}`);
    throw error;
  }
}

/** Arranges a signed chain as a plugged-in CA, whose rules then apply. The roots in use need not be repeated. */
export function asPluggedIn(
  { certificate, keyPair }: SigningPair,
  given: readonly Certificate[],
  rootsInUse: readonly Certificate[],
): PluggedInFiles {
  const others = given.filter((one) => !one.equals(certificate));
  const isRoot = (one: Certificate) => one.isIssuedBy(one);
  const roots = [...others.filter(isRoot), ...rootsInUse];
  const chain = others.filter((one) => !isRoot(one));
  return {
    certificate: certificate.toPem(),
    key: keyPair.toPkcs8Pem(),
    chain: pemOf(chain),
    roots: pemOf(roots),
    digest: createHash("sha256").update(pemOf(given)).digest("hex"),
    names,
  };
}

function pemOf(certificates: readonly Certificate[]): string {
  return certificates.map(({ der }) => encodePem("CERTIFICATE", der)).join("");
}
