import { X509Certificate } from "node:crypto";
import { findPemBlocks, type Validity } from "@kasbah/pki";
import { lastToExpire } from "../../secret/validity.ts";

/** What the agent serves under a file name, without any key. */
export interface FileFacts extends Validity {
  readonly kind: "pair" | "roots";
  /** Of the certificate that the host presents. */
  readonly serial?: string;
  /** The number of names for which that certificate is valid. */
  readonly sans?: number;
  /** The number of certificates in the chain, or of roots. */
  readonly certificates: number;
  /** Whether the chain has more certificates, but not the one that issued the first. */
  readonly lacksIssuer?: boolean;
}

/**
 * Returns the facts of a chain, which is valid as long as all of its certificates are. A root at its end does
 * not count: clients ignore it.
 */
export function factsOfChain(chainPem: string): FileFacts {
  const [leaf, ...issuers] = findPemBlocks(chainPem).map(({ der }) => new X509Certificate(der));
  if (leaf === undefined) throw new TypeError("a chain without certificates was accepted");
  const counted = [leaf, ...issuers.filter((one) => one.subject !== one.issuer)];
  return {
    kind: "pair",
    serial: leaf.serialNumber.toLowerCase(),
    sans: leaf.subjectAltName?.split(", ").length ?? 0,
    certificates: 1 + issuers.length,
    lacksIssuer: issuers.length > 0 && ![leaf, ...issuers].some((one) => leaf.checkIssued(one)),
    notBefore: new Date(Math.max(...counted.map((one) => one.validFromDate.getTime()))),
    notAfter: new Date(Math.min(...counted.map((one) => one.validToDate.getTime()))),
  };
}

/** Returns the facts of roots, which serve their purpose until the last one expires. */
export function factsOfRoots(roots: readonly Validity[]): FileFacts {
  const { notBefore, notAfter } = lastToExpire(roots);
  return { kind: "roots", certificates: roots.length, notBefore, notAfter };
}
