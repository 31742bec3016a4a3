import { canonicalJson } from "./canonical-json.ts";

/** Raised when a field changes its meaning; readers refuse versions that they do not know. */
export const entryVersion = 2;

/** Something that was decided. Times are RFC 3339 in UTC, to the millisecond; hashes and serials are hexadecimal. */
export type LedgerEntry = IssuedEntry | RefusedEntry | OperatorEntry | AuthorityEntry;

/** A decision about one call. */
export type DecisionEntry = IssuedEntry | RefusedEntry;

interface Head {
  readonly v: number;
  /** When it was decided, by the CA's clock. */
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
  /** Of the certificate that it showed. */
  readonly serial?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly tokenProvenAt?: string | undefined;
  readonly pod?: { readonly name: string; readonly uid: string } | undefined;
  readonly node?: string | undefined;
  /** Codes of the credentials that came along and did not count. */
  readonly disregarded?: readonly string[] | undefined;
}

/** A certificate that was signed. Its caller may not have received it. */
export interface IssuedEntry extends Head {
  readonly kind: "issued";
  readonly referenceId: string;
  readonly spiffeId: string;
  readonly serial: string;
  /** SHA-256 of the certificate's DER. */
  readonly fingerprint: string;
  /** SHA-256 of the SubjectPublicKeyInfo's DER. */
  readonly spkiHash: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Fingerprint of the authority that signed. */
  readonly authority: string;
  /** The rule of the policy that allowed it. */
  readonly rule: string;
  /** What the CSR asked for and was not given. */
  readonly ignored?: readonly string[] | undefined;
  readonly caller: CallerEntry;
  readonly peerAddress: string;
}

/** A call that got no certificate. It holds what only operators may know. */
export interface RefusedEntry extends Head {
  readonly kind: "refused";
  readonly referenceId: string;
  /** The stable code of the refusal, or `INTERNAL`. */
  readonly code: string;
  readonly peerAddress: string;
  /** Undefined when it could not be known. */
  readonly caller?: CallerEntry | undefined;
  /** For whom the certificate was to be: the caller, or a pod of its node. */
  readonly spiffeId?: string | undefined;
  readonly rule?: string | undefined;
  readonly problem: string;
  readonly expected?: string | undefined;
  readonly seen?: string | undefined;
  readonly fix?: string | undefined;
  /** What lay behind it, the nearest first. */
  readonly causes?: readonly string[] | undefined;
}

/** What an operator told the CA to do. */
export interface OperatorEntry extends Head {
  readonly kind: "operator";
  readonly act: string;
  readonly arguments?: Readonly<Record<string, string | number>> | undefined;
  /** What the command says of who ran it; nobody has checked it. */
  readonly operatorUnverified?: string | undefined;
  readonly outcome: "accepted" | "refused";
  /** Why it was refused. */
  readonly reason?: string | undefined;
}

/** An authority that entered a stage of its life. */
export interface AuthorityEntry extends Head {
  readonly kind: "authority";
  readonly authority: string;
  readonly fingerprint: string;
  readonly stage: string;
  /** Undefined for a new one. */
  readonly from?: string | undefined;
  readonly signs: boolean;
  readonly epoch: number;
}

/** The longest that an entry bundle has room for (C2SP tlog-tiles): its length is told in two octets. */
export const maxEntryBytes = 65_535;

/** The line of an entry without its line feed, which are the bytes of its leaf in the tree. */
export function encodeEntry(entry: LedgerEntry): Uint8Array {
  const bytes = Buffer.from(canonicalJson(entry as never));
  if (bytes.length > maxEntryBytes) throw new RangeError(`an entry of ${bytes.length} bytes`);
  return bytes;
}
