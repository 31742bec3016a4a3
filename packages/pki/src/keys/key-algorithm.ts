import type { RsaLimits } from "./rsa/rules.ts";
import type { SignatureAlgorithm } from "./signature-algorithm.ts";

/** How a private key is encoded, in the words of node:crypto. */
export type PrivateKeyEncoding = "pkcs8" | "sec1" | "pkcs1";

/** A bit of keyUsage (RFC 5280 §4.2.1.3) that a workload certificate may set. */
export type LeafKeyUsage = "digitalSignature" | "keyEncipherment";

/** The properties that all keys of one algorithm share. Each curve is an algorithm; RSA is one for all sizes. */
export interface KeyAlgorithm {
  /** `P-256`, `P-384` or `RSA`. */
  readonly name: string;
  readonly oid: string;
  /** The AlgorithmIdentifier of a SubjectPublicKeyInfo, DER. No other form is accepted. */
  readonly identifier: Uint8Array;
  /** Returns the key type of an acceptable public key. @throws PkiError `KEY_REJECTED` or `DER_MALFORMED` */
  readonly readType: (publicKey: Uint8Array, limits: RsaLimits) => string;
  /** The algorithm that keys of this type sign with. */
  readonly signature: SignatureAlgorithm;
  /** The algorithms that a signature of another signer may use. */
  readonly acceptedSignatures: readonly SignatureAlgorithm[];
  readonly isCanonicalSignature: (signature: Uint8Array) => boolean;
  readonly leafKeyUsage: readonly LeafKeyUsage[];
  /** The PEM form that is older than PKCS#8, if the algorithm has one. */
  readonly traditional: { readonly label: string; readonly encoding: PrivateKeyEncoding };
}
