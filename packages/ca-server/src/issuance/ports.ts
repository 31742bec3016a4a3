import type { CredentialKind } from "@kasbah/ledger";
import type { Certificate, PublicKey, SigningKey, SpiffeId, TrustBundle, Validity } from "@kasbah/pki";
import type { Rate, Share } from "./rules.ts";

/** The credentials of a call. Nothing in them is trusted yet. */
export interface CallCredentials {
  /** Every value of the `authorization` header, in the order received. */
  readonly authorization: readonly string[];
  /** The certificates of the TLS client in DER, leaf first; empty if it sent none. */
  readonly peerCertificates: readonly Uint8Array[];
  /** `host:port` of the peer; no caller is identified by it. */
  readonly peerAddress?: string;
}

/** How a caller authenticated. It never contains the credential, so it may be logged. */
export type CredentialFacts = TokenFacts | CertificateFacts;

/** Every credential except a certificate proves the caller's name at the time of the call. */
export interface TokenFacts {
  readonly kind: Exclude<CredentialKind, CertificateFacts["kind"]>;
  /** The `iss` of the token. */
  readonly issuer?: string | undefined;
  /** Hex SHA-256 of the token's `jti`; undefined if it has none. */
  readonly tokenIdHash: string | undefined;
}

interface CertificateFacts {
  readonly kind: Extract<CredentialKind, "client-certificate">;
  readonly serial: string;
  readonly fingerprint: string;
  /** When a token last proved the name; certificates have renewed it since. */
  readonly tokenProvenAt: Date;
  /** The issuer of that token, if the certificate names it. */
  readonly issuer?: string | undefined;
}

export interface PodFacts {
  readonly name: string;
  readonly uid: string;
}

/** An authenticated caller. */
export interface Caller {
  readonly spiffeId: SpiffeId;
  readonly credential: CredentialFacts;
  /** The pod that its token is bound to. */
  readonly pod?: PodFacts;
  /** The node that its token names. */
  readonly node?: string;
  /** Identifies the pod that its certificates end with, if it is a pod of this cluster. */
  readonly podMark?: string;
  /** Identifies the issuer of the token that its certificates end with, if they do not end with a pod. */
  readonly issuerMark?: string;
  /** The codes of the other credentials of the call, which were invalid. */
  readonly disregarded?: readonly string[];
}

/** Authenticates a caller from its credentials. */
export interface Authenticator {
  /** @throws CaError with the code of the check that failed. */
  authenticate(credentials: CallCredentials): Promise<Caller>;
}

/** Lets a node proxy request certificates for the pods on its node. */
export interface Impersonation {
  /**
   * Returns the requested identity if the caller may have it.
   *
   * @throws CaError `IMPERSONATION_REFUSED`, `AUTHENTICATOR_UNAVAILABLE`.
   */
  impersonate(caller: Caller, identity: string): Promise<SpiffeId>;
}

/** Limits which workloads each token issuer may name. */
export interface IssuerScopes {
  /**
   * Checks that the issuer of the caller's token may name the subject.
   *
   * @throws CaError `OUTSIDE_ISSUER_SCOPE`; `TOKEN_ISSUER` if the issuer was removed after the token was verified.
   */
  check(caller: Caller, subject: SpiffeId): void;
}

/** Limits how often callers may request certificates. */
export interface Throttle {
  /** @throws CaError `RATE_LIMITED` */
  takeOwn(share: Share): void;
  /** @throws CaError `RATE_LIMITED` */
  takeGlobal(rate: Rate): void;
}

/**
 * The holder of a key. All replicas of a Deployment share one identity, so pods are distinguished where they
 * are known.
 */
export interface KeyHolder {
  readonly identity: string;
  readonly podUid: string | undefined;
}

/** Remembers which holder presented which public key. */
export interface KeyHolders {
  /** Whether a different holder presented the key before. Remembers the holder of a new key. */
  isSharedBy(keyHash: string, holder: KeyHolder): boolean;
}

/** Notified of observations that do not affect the decision. */
export interface IssuanceObserver {
  /** A CSR requested names or extensions of these kinds, which were ignored. */
  onIgnored(kinds: readonly string[]): void;
  /** Two pods presented one public key. */
  onSharedKey(): void;
}

/** The active authority and its chain, for one issuance. */
export interface Issuer {
  readonly authorityId: string;
  readonly certificate: Certificate;
  readonly signingKey: SigningKey;
  /** The intermediates between the leaf and the root, from the leaf's side, without the root. */
  readonly intermediates: readonly Certificate[];
  /**
   * The latest allowed expiry of a leaf: before that of every certificate in its chain, and early enough for
   * the issuer's rotation.
   */
  readonly latestLeafExpiry: Date;
}

/** The issuer of the CA's own serving certificate. */
export interface ServingIssuer extends Issuer {
  /** Follow the intermediates in the CA's own TLS, for clients that hold only an older root. */
  readonly crossCertificates: readonly Certificate[];
}

export interface IssuerSource {
  /** @throws CaError `ISSUER_UNAVAILABLE` if no authority may sign at that time. */
  activeIssuer(now: Date): Issuer;
  /**
   * Makes it durable that a leaf of this issuer may expire as late as `leafExpiry`, so that its authority stays
   * trusted until then. It must resolve before the leaf is signed. The leaf's names help operators find it.
   *
   * @throws CaError `LEDGER_UNAVAILABLE` if it may not be durable.
   */
  coverLeaf(
    issuer: Issuer,
    leafExpiry: Date,
    leaf?: { readonly spiffeId: string; readonly serial: string },
  ): Promise<void>;
  trustBundle(): TrustBundle;
}

/** One issued certificate and its caller, for the ledger. */
export interface IssuanceFacts {
  readonly time: Date;
  readonly referenceId: string;
  readonly traceId?: string | undefined;
  readonly peerAddress: string;
  readonly caller: Caller;
  /** The policy rule that allowed it. */
  readonly rule: string;
  /** The kinds of names and extensions that the CSR requested but the certificate does not contain. */
  readonly ignored: readonly string[];
  readonly certificate: Certificate;
  readonly spiffeId: SpiffeId;
  readonly publicKey: PublicKey;
  readonly validity: Validity;
  /** Fingerprint of the authority that signed it. */
  readonly authority: string;
}

export interface Ledger {
  /**
   * Resolves when the entry would survive a power failure.
   *
   * @throws CaError `LEDGER_UNAVAILABLE` if it may not be durable.
   */
  record(record: IssuanceFacts): Promise<void>;
}
