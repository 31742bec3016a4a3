import type { CredentialKind } from "@kasbah/ledger";
import type { Certificate, PublicKey, SigningKey, SpiffeId, TrustBundle, Validity } from "@kasbah/pki";
import type { Rate } from "./rules.ts";

/** What came with a call and may prove who calls; nothing of it is trusted yet. */
export interface Credentials {
  /** Every value of the `authorization` header, in the order received. */
  readonly authorization: readonly string[];
  /** The certificates that the TLS peer showed, leaf first, in DER; empty when it showed none. */
  readonly peerCertificates: readonly Uint8Array[];
}

/** How a caller authenticated. It never contains the credential, so it may be logged. */
export type CredentialFacts = TokenFacts | CertificateFacts;

/** Every kind of credential but a certificate proves the caller's name at the time of the call. */
export interface TokenFacts {
  readonly kind: Exclude<CredentialKind, CertificateFacts["kind"]>;
  /** The issuer of the token, if the CA selected the keys by it. */
  readonly issuer?: string;
  /** Hex SHA-256 of the token's `jti`; undefined if it has none. */
  readonly tokenIdHash: string | undefined;
}

export interface CertificateFacts {
  readonly kind: Extract<CredentialKind, "client-certificate">;
  readonly serial: string;
  readonly fingerprint: string;
  /** When a token last proved the name; certificates have renewed it since. */
  readonly tokenProvenAt: Date;
}

export interface PodFacts {
  readonly name: string;
  readonly uid: string;
}

/** An authenticated requester. */
export interface Caller {
  readonly spiffeId: SpiffeId;
  readonly credential: CredentialFacts;
  /** The pod that its token is bound to. */
  readonly pod?: PodFacts;
  /** The node that its token names. */
  readonly node?: string;
  /** Codes of the credentials that came along and did not count. */
  readonly disregarded?: readonly string[];
}

/** Knows a caller by its credentials. */
export interface Authenticator {
  /** @throws CaError with the code of the check that failed. */
  authenticate(credentials: Credentials): Promise<Caller>;
}

/** Lets a node proxy speak for the pods of its node. */
export interface Impersonation {
  /**
   * The identity that the caller may have in another's name.
   *
   * @throws CaError `IMPERSONATION_REFUSED`, `AUTHENTICATOR_UNAVAILABLE`.
   */
  impersonate(caller: Caller, identity: string): Promise<SpiffeId>;
}

/** How often callers may ask. */
export interface Throttle {
  /** @throws CaError `RATE_LIMITED` */
  takeOwn(caller: string, rate: Rate, rule: string): void;
  /** @throws CaError `RATE_LIMITED` */
  takeGlobal(rate: Rate): void;
}

/** Who holds a key: all replicas of a Deployment share one identity, so that pods are told apart where they are known. */
export interface KeyHolder {
  readonly identity: string;
  readonly podUid: string | undefined;
}

/** Who presented which public key. */
export interface KeyHolders {
  /** Whether somebody else than this holder presented the key before; remembers the holder of a new one. */
  isSharedBy(keyHash: string, holder: KeyHolder): boolean;
}

/** What issuance notices on the way and does not decide by. */
export interface IssuanceObserver {
  /** A CSR asked for these kinds of things, which it was not given. */
  onIgnored(kinds: readonly string[]): void;
  /** Two pods presented one public key. */
  onSharedKey(): void;
}

/** The active authority with its chain, as used for one issuance. */
export interface Issuer {
  readonly authorityId: string;
  readonly certificate: Certificate;
  readonly signingKey: SigningKey;
  /** What stands between the leaf and the root, leaf's side first; no root. */
  readonly intermediates: readonly Certificate[];
  /** No leaf ends later: not after any certificate of its chain, and early enough for the issuer's rotation. */
  readonly latestLeafEnd: Date;
}

export interface IssuerSource {
  /** @throws CaError `ISSUER_UNAVAILABLE` when none may sign at that instant. */
  activeIssuer(now: Date): Issuer;
  /**
   * Resolves when it is durable that a leaf of this issuer may live until `leafEnd`, so that its authority stays trusted
   * until then; called before the leaf is signed.
   *
   * @throws CaError `ISSUER_UNAVAILABLE` when it may not be durable.
   */
  coverLeaf(issuer: Issuer, leafEnd: Date): Promise<void>;
  trustBundle(): TrustBundle;
}

/** One issued certificate and who got it, as it goes on record. */
export interface IssuanceFacts {
  readonly time: Date;
  readonly referenceId: string;
  readonly peerAddress: string;
  readonly caller: Caller;
  /** The rule of the policy that allowed it. */
  readonly rule: string;
  /** What the CSR asked for and was not given. */
  readonly ignored: readonly string[];
  readonly certificate: Certificate;
  readonly spiffeId: SpiffeId;
  readonly publicKey: PublicKey;
  readonly validity: Validity;
  /** Fingerprint of the authority that signed. */
  readonly authority: string;
}

export interface Ledger {
  /**
   * Resolves when the record would survive a power cut.
   *
   * @throws CaError `LEDGER_UNAVAILABLE` when it may not be durable.
   */
  record(record: IssuanceFacts): Promise<void>;
}
