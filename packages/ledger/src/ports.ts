import type { Component } from "@kasbah/runtime";
import type { DecisionEntry, IssuedEntry, LedgerEntry, OperatorEntry } from "./entry/entry.ts";
import type { LedgerSpace } from "./space/ledger-space.ts";
import type { UnauthenticatedLine } from "./unauthenticated/dropped-refusals.ts";

/** The writing side of a ledger. `SegmentLog` implements it with append-only files. */
export interface EntryLog {
  /** False while an append would be rejected. */
  readonly writable: boolean;
  /** The reason why it is not writable, if it is known. */
  readonly failure?: unknown;
  /** The number of durable entries, including those that retention has deleted. */
  readonly size: number;
  /**
   * Resolves when the entry, which contains no line feed, would survive a power cut.
   * @throws LedgerError `LEDGER_UNAVAILABLE`
   */
  append(entry: Uint8Array): Promise<void>;
  /** False while an act would be rejected, too. */
  readonly actsWritable: boolean;
  /**
   * The same for an act of an operator, or of the CA itself: on a full disk, it uses the space that is reserved for
   * acts. @throws LedgerError `LEDGER_UNAVAILABLE`
   */
  appendAct(entry: Uint8Array): Promise<void>;
  /** Makes sure that an act can write state before it is recorded, on a full disk with the same space. */
  makeRoomForAct(): Promise<void>;
}

/** The stored lines by their index, from which the tree is computed. */
export interface EntryLines {
  /** Index of the first line that retention has kept; undefined if there are none. */
  readonly first: number | undefined;
  /** The lines from an index on, in order and without their line feeds. */
  from(index: number): AsyncIterable<{ readonly index: number; readonly line: Uint8Array }>;
}

/** Finds stored decisions for a running CA. Issuance never waits for it, and continues if it fails. */
export interface EntryIndex {
  /** The decision about a call, by its reference or trace id; undefined if the index does not contain it, or not yet. */
  find(callName: string): Promise<DecisionEntry | undefined>;
  /** Whether a certificate was ever issued to this name; undefined if that is not known yet. */
  isNameKnown(spiffeId: string): boolean | undefined;
  /**
   * The identities that hold unexpired certificates of these authorities, by their fingerprints; the one that
   * expires last first. It includes every durable entry. Rejects if the index cannot be used.
   */
  holders(authorities: ReadonlySet<string>, now: Date): Promise<readonly Holder[]>;
  /**
   * The newest unexpired certificate of each name, in batches from the newest entries to the oldest: the first one of a
   * name counts. Undefined until the index has caught up once; it throws if the index fails meanwhile.
   */
  newestOfNames(now: Date): Iterable<readonly NewestOfName[]> | undefined;
  /** The serials of the certificates in these entries; undefined for those that cannot be read. */
  serialsAt(indices: readonly number[]): Promise<readonly (string | undefined)[]>;
  /** Adds the durable entries that it does not contain yet. Concurrent callers share one run. */
  catchUp(): Promise<void>;
}

/** The newest certificate of a name, to the second. */
export interface NewestOfName {
  readonly spiffeId: string;
  /** Index of its entry. */
  readonly index: number;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** An identity that holds unexpired certificates of an authority. */
export interface Holder {
  readonly spiffeId: string;
  /** Its unexpired certificates of the authority. */
  readonly leaves: number;
  /** The pods whose newest certificate is one of them; callers without a known pod count as one. */
  readonly pods: number;
  /** The serial and the expiry of the certificate that expires last. */
  readonly serial: string;
  readonly notAfter: Date;
}

/** The Merkle tree over all entries. */
export interface EntryTree {
  /** The number of entries that the last checkpoint covers. */
  readonly signedSize: number;
  /** Adds entries in order. A store calls it as soon as they are durable, before their appends resolve. */
  add(entries: readonly Uint8Array[]): void;
}

/**
 * The place where a running CA keeps its entries; `createSegmentStore` keeps them in files. Every part starts
 * and stops with the CA: the log first, then the tree, which reads the stored lines.
 */
export interface EntryStore {
  readonly log: EntryLog & Component;
  /** Returns the lines that are stored now. */
  lines(): Promise<EntryLines>;
  readonly index: EntryIndex & Component;
  /** Deletes old entries that a checkpoint covers. */
  readonly retention: Component;
  /** Measures how much of the volume the entries take. */
  readonly space: Component & Pick<LedgerSpace, "use">;
}

/** An entry with its index and its bytes. */
export interface Found<Entry extends LedgerEntry = LedgerEntry> {
  /** The writing process whose ledger contains it. */
  readonly slot: string;
  readonly index: number;
  readonly entry: Entry;
  /** Without its line feed. */
  readonly line: Buffer;
}

/** The field that identifies a certificate. */
export type CertificateKey = Pick<IssuedEntry, "serial"> | Pick<IssuedEntry, "fingerprint">;

/** The reading side of a ledger: answers queries across the ledgers of several writing processes. */
export interface LedgerReader {
  /** The number of lines that this release cannot read as entries. */
  readonly unreadable: number;
  /**
   * The certificates of a name that were valid at an instant, or all of them, newest first. Both end seconds
   * belong to a validity (RFC 5280 §4.1.2.5).
   */
  who(spiffeId: string, at: Date | undefined, limit: number): Promise<readonly Found<IssuedEntry>[]>;
  /** The first and the last certificate of a name; undefined if there is none. */
  firstAndLast(
    spiffeId: string,
  ): Promise<{ readonly first: Found<IssuedEntry>; readonly last: Found<IssuedEntry> } | undefined>;
  /** The certificates with a serial, or the one with a fingerprint, newest first. */
  certificate(key: CertificateKey): Promise<readonly Found<IssuedEntry>[]>;
  /** The entries of the CA's own serving certificates with a serial or a fingerprint, newest first. */
  servingCertificate(key: CertificateKey): Promise<readonly Found<OperatorEntry>[]>;
  /** The decision about a call, by its reference or trace id, even if the caller was not authenticated. */
  reference(callName: string): Promise<DecisionEntry | undefined>;
  /** The last unexpired certificate of each name and pod, sorted by name. */
  identities(now: Date): Promise<readonly Found<IssuedEntry>[]>;
  /** The id of the authority with a fingerprint; undefined if the ledger does not contain it. */
  authorityId(fingerprint: string): Promise<string | undefined>;
  /** The entries of a period, both ends included, sorted by time. */
  since(since: Date, until?: Date): AsyncGenerator<Found, void, undefined>;
  /**
   * The refusals of unauthenticated callers that are still kept, oldest first, and the counts of the others; then on
   * each call the lines since.
   */
  unauthenticated(): { more(): AsyncGenerator<UnauthenticatedLine, void, undefined> };
  /** The last entries by time, then on each call the entries since. */
  tail(): LedgerTail;
  /** A file that proves to a third party that the ledger contains the entry. @throws LedgerError */
  prove(found: Found): Promise<string>;
  close(): Promise<void>;
}

/** The end of a ledger, to follow it while it grows. */
export interface LedgerTail {
  /** The last entries, newest last; {@link more} continues after them. */
  last(count: number): Promise<readonly Found[]>;
  /** The entries that have been appended since the previous call. */
  more(): AsyncGenerator<Found, void, undefined>;
}
