import type { Certificate } from "../certificate/certificate.ts";
import type { Validity } from "../certificate/profile.ts";
import type { PublicKey } from "../keys/public-key.ts";
import type { SigningKey } from "../keys/signing-key.ts";
import type { TrustDomain } from "../names/trust-domain.ts";
import type { SubjectAltName } from "./subject-alt-name.ts";

/** An active authority: its certificate and the key of that certificate. */
export interface Signer {
  readonly certificate: Certificate;
  readonly signingKey: SigningKey;
}

/**
 * The content of a leaf. Every value comes from the CA or is already parsed, so no text of a caller reaches
 * it.
 */
export interface LeafTemplate {
  readonly serial: Uint8Array;
  readonly validity: Validity;
  readonly publicKey: PublicKey;
  readonly subjectAltNames: readonly SubjectAltName[];
  readonly commonName?: string;
  /** Whether only TLS servers may use it; by default clients may as well. */
  readonly serverOnly?: boolean;
}

/** The content of a self-signed root. */
export interface RootTemplate {
  readonly serial: Uint8Array;
  readonly validity: Validity;
  readonly organization: string;
}

/** The content of an intermediate, a CA that issues only leaves. */
export interface IntermediateTemplate {
  readonly serial: Uint8Array;
  readonly validity: Validity;
  readonly organization: string;
  readonly commonName: string;
  readonly publicKey: PublicKey;
  /** Restricts URI names below it to this host with a critical name constraint (RFC 5280 §4.2.1.10). */
  readonly permittedTrustDomain?: TrustDomain;
}

/** The content of a cross-certificate, by which clients that hold only an old root accept a new one. */
export interface CrossTemplate {
  readonly serial: Uint8Array;
  readonly validity: Validity;
  /** The self-signed certificate of the new root. */
  readonly root: Certificate;
}
