/** Incremented when a field changes its meaning. Readers reject unknown versions. */
export const entryVersion = 2;

/** A decision. Times are RFC 3339 in UTC with milliseconds; hashes and serials are hexadecimal. */
export type LedgerEntry = IssuedEntry | RefusedEntry | OperatorEntry | AuthorityEntry;

/** A decision about one call. */
export type DecisionEntry = IssuedEntry | RefusedEntry;

interface Head {
  readonly v: number;
  /** The time of the decision by the CA's clock. */
  readonly time: string;
}

/** The kinds of credentials that the CA accepts, as the ledger, the metrics and the commands name them. */
export const credentialKinds = ["jwks-token", "kubernetes-token", "client-certificate"] as const;

export type CredentialKind = (typeof credentialKinds)[number];

/** A caller and how it authenticated, without the credential itself. */
export interface CallerEntry {
  readonly spiffeId: string;
  readonly kind: CredentialKind;
  readonly issuer?: string | undefined;
  /** SHA-256 of the token's `jti`. */
  readonly tokenIdHash?: string | undefined;
  /** Of the client certificate. */
  readonly serial?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly tokenProvenAt?: string | undefined;
  readonly pod?: { readonly name: string; readonly uid: string } | undefined;
  readonly node?: string | undefined;
  /** Codes of the other credentials, which were rejected. */
  readonly disregarded?: readonly string[] | undefined;
}

/** A signed certificate. The caller may not have received it. */
export interface IssuedEntry extends Head {
  readonly kind: "issued";
  readonly referenceId: string;
  /** The W3C trace id of the call, if the CA traced it. */
  readonly traceId?: string | undefined;
  readonly spiffeId: string;
  readonly serial: string;
  /** SHA-256 of the certificate's DER. */
  readonly fingerprint: string;
  /** SHA-256 of the SubjectPublicKeyInfo's DER. */
  readonly spkiHash: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Fingerprint of the signing authority. */
  readonly authority: string;
  /** The policy rule that allowed it. */
  readonly rule: string;
  /** The requested names and attributes that the CA ignored. */
  readonly ignored?: readonly string[] | undefined;
  readonly caller: CallerEntry;
  readonly peerAddress: string;
}

/** A call that was refused. It contains details that only operators may see. */
export interface RefusedEntry extends Head {
  readonly kind: "refused";
  readonly referenceId: string;
  readonly traceId?: string | undefined;
  /** The stable code of the refusal, or `INTERNAL`. */
  readonly code: string;
  readonly peerAddress: string;
  /** Undefined if the caller was not authenticated. */
  readonly caller?: CallerEntry | undefined;
  /** The requested identity: the caller's, or that of a pod on its node. */
  readonly spiffeId?: string | undefined;
  readonly rule?: string | undefined;
  readonly problem: string;
  readonly expected?: string | undefined;
  readonly seen?: string | undefined;
  readonly fix?: string | undefined;
  /** The chain of causes, nearest first. */
  readonly causes?: readonly string[] | undefined;
}

/** A command of an operator to the CA. */
export interface OperatorEntry extends Head {
  readonly kind: "operator";
  readonly act: string;
  readonly arguments?: Readonly<Record<string, string | number>> | undefined;
  /** The operator's name as given by the command, not verified. */
  readonly operatorUnverified?: string | undefined;
  readonly outcome: "accepted" | "refused";
  /** The reason for a refusal. */
  readonly reason?: string | undefined;
}

/** An authority that entered a stage of its life cycle. */
export interface AuthorityEntry extends Head {
  readonly kind: "authority";
  readonly authority: string;
  readonly fingerprint: string;
  readonly stage: string;
  /** Undefined for a new authority. */
  readonly from?: string | undefined;
  readonly signs: boolean;
  readonly epoch: number;
}

/** The maximum length of an entry in an entry bundle (C2SP tlog-tiles), which encodes it in two octets. */
export const maxEntryBytes = 65_535;
