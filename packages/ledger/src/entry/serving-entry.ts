import { entryVersion, type LedgerEntry, type OperatorEntry } from "./entry.ts";

/** The facts about a serving certificate that the CA issued to itself. */
export interface ServingFacts {
  readonly serial: string;
  /** SHA-256 of the certificate's DER. */
  readonly fingerprint: string;
  /** SHA-256 of the SubjectPublicKeyInfo's DER. */
  readonly spkiHash: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Fingerprint of the signing authority. */
  readonly authority: string;
  /** Its DNS names, IP addresses and URIs, separated by commas. */
  readonly names: string;
}

const act = "issue-serving-certificate";

/**
 * The entry of a serving certificate. It has the kind of an operation, because earlier releases reject the ledger
 * of a later one if it contains a kind that they do not recognize.
 */
export function servingEntry(facts: ServingFacts, time: Date): OperatorEntry {
  const head = { v: entryVersion, kind: "operator", time: time.toISOString() } as const;
  return { ...head, act, arguments: { ...facts }, outcome: "accepted" };
}

/** Returns the facts about the serving certificate that an entry records; undefined for any other entry. */
export function servingFactsOf(entry: LedgerEntry): ServingFacts | undefined {
  if (entry.kind !== "operator" || entry.act !== act) return undefined;
  const read = (name: keyof ServingFacts) => String(entry.arguments?.[name] ?? "");
  return {
    serial: read("serial"),
    fingerprint: read("fingerprint"),
    spkiHash: read("spkiHash"),
    notBefore: read("notBefore"),
    notAfter: read("notAfter"),
    authority: read("authority"),
    names: read("names"),
  };
}
