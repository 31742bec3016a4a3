import type { Certificate, PublicKey, SigningKey, SpiffeId, TrustBundle, Validity } from "@kasbah/pki";

/** What came with a call and may prove who calls; nothing of it is trusted yet. */
export interface Credentials {
  /** Every value of the `authorization` header, in the order received. */
  readonly authorization: readonly string[];
}

/** How a caller proved itself, in facts that may stand in a log: never the credential. */
export interface CredentialFacts {
  readonly kind: "jwks-token";
  /** Hex SHA-256 of the token's `jti`; undefined when it has none. */
  readonly tokenIdHash: string | undefined;
}

/** An authenticated requester. */
export interface Caller {
  readonly spiffeId: SpiffeId;
  readonly credential: CredentialFacts;
}

export interface Authenticator {
  /** @throws CaError with the code of the check that failed. */
  authenticate(credentials: Credentials): Promise<Caller>;
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
export interface IssuanceRecord {
  readonly time: Date;
  readonly referenceId: string;
  readonly peerAddress: string;
  readonly caller: Caller;
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
  record(record: IssuanceRecord): Promise<void>;
}
