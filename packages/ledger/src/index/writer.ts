import type { DatabaseSync } from "node:sqlite";
import { atMost } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import type { AuthorityEntry, IssuedEntry, LedgerEntry } from "../entry/entry.ts";
import { RowInserter } from "./row-inserter.ts";
import { keyHashesOf, lineDigest, podKey, secondOf } from "./rows.ts";
import { bucketOf, bucketSize } from "./schema.ts";

/** A line of a segment with its entry; undefined if this release cannot read it. */
export interface IndexableEntry {
  readonly index: number;
  readonly segment: { readonly first: number };
  /** Offset of its first byte in the segment. */
  readonly offset: number;
  /** Without its line feed. */
  readonly line: Uint8Array;
  readonly entry: LedgerEntry | undefined;
}

interface KnownIdentity {
  readonly id: number;
  lastBucket: number;
}

/** Names beyond this number cost a query. */
const maxKnown = 20_000;

/** Writes rows, within transactions of the caller. */
export class IndexWriter {
  readonly #statements: ReturnType<typeof statementsOf>;
  readonly #identities = new LRUCache<string, KnownIdentity>(atMost(maxKnown));

  constructor(database: DatabaseSync) {
    this.#statements = statementsOf(database);
  }

  /** Drops cached state that another process or a rolled-back transaction may have invalidated. */
  forget(): void {
    this.#identities.clear();
  }

  /** Writes entries of one bucket, in order. */
  write(batch: readonly IndexableEntry[]): void {
    const { segment, entries, keys, certificates } = this.#statements;
    const bucket = bucketOf(batch[0]?.index ?? 0);
    const [times, validity] = [noBounds(), noBounds()];
    const rows = { keys: [] as Key[], certificates: [] as Row[] };
    let lastSegment = -1;
    for (const read of batch) {
      if (read.segment.first !== lastSegment) segment.run(read.segment.first);
      lastSegment = read.segment.first;
      for (const hash of read.entry === undefined ? [] : keyHashesOf(read.entry))
        rows.keys.push([bucket, hash, read.index % bucketSize]);
      if (read.entry !== undefined) widen(times, Date.parse(read.entry.time));
      if (read.entry?.kind === "issued")
        rows.certificates.push(this.#certificateRow(bucket, read.index, read.entry, validity));
      if (read.entry?.kind === "authority") this.#writeAuthority(read.index, read.entry);
    }
    entries.insert(batch.map(({ index, offset, line }) => [index, offset, line.length]));
    certificates.insert(rows.certificates);
    // Sorted, so that neighbors in the tree are written to the same page.
    keys.insert(rows.keys.sort((one, other) => one[1] - other[1]));
    this.#statements.bucket.run(bucket, times.min, times.max, validity.min, validity.max);
    this.#writeState(batch);
  }

  /** Removes whole buckets before an entry, only a few per call to keep the pause short. */
  prune(before: number): boolean {
    const { pruned, first } = this.#statements;
    const bucket = Math.min(bucketOf(before), bucketOf(Number(first.get()?.["first"])) + 1);
    for (const table of pruned) table.run(bucket);
    this.#statements.pruneEntries.run(Math.min(before, bucket * bucketSize));
    const isDone = bucket === bucketOf(before);
    this.#statements.pruneTo.run(isDone ? before : bucket * bucketSize);
    this.#statements.pruneSegments.run(before);
    this.forget();
    return isDone;
  }

  #certificateRow(bucket: number, index: number, entry: IssuedEntry, validity: Bounds): Row {
    const identity = this.#identityOf(entry.spiffeId, bucket);
    const notBefore = secondOf(Date.parse(entry.notBefore));
    const notAfter = secondOf(Date.parse(entry.notAfter));
    widen(validity, notBefore);
    widen(validity, notAfter);
    return [bucket, identity, index % bucketSize, notBefore, notAfter, podKey(entry)];
  }

  #identityOf(spiffeId: string, bucket: number): number {
    const { findIdentity, newIdentity, touchIdentity } = this.#statements;
    let known = this.#identities.get(spiffeId);
    if (known === undefined) {
      const row = findIdentity.get(spiffeId) ?? newIdentity.get(spiffeId, bucket);
      known = { id: Number(row?.["id"]), lastBucket: Number(row?.["last_bucket"]) };
      this.#identities.set(spiffeId, known);
    }
    if (known.lastBucket !== bucket) touchIdentity.run(bucket, known.id);
    known.lastBucket = bucket;
    return known.id;
  }

  #writeAuthority(index: number, { fingerprint }: AuthorityEntry): void {
    this.#statements.authority.run(Buffer.from(fingerprint, "hex"), index);
  }

  #writeState(batch: readonly IndexableEntry[]): void {
    const last = batch.at(-1);
    if (last === undefined) return;
    const unreadable = batch.filter(({ entry }) => entry === undefined).length;
    this.#statements.state.run(last.index + 1, unreadable, lineDigest(last.line));
  }
}

type Row = readonly number[];
type Key = readonly [bucket: number, hash: number, at: number];

interface Bounds {
  min: number;
  max: number;
}

function noBounds(): Bounds {
  return { min: Number.MAX_SAFE_INTEGER, max: -1 };
}

function widen(bounds: Bounds, value: number): void {
  bounds.min = Math.min(bounds.min, value);
  bounds.max = Math.max(bounds.max, value);
}

function statementsOf(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  return {
    segment: prepare("INSERT OR IGNORE INTO segments VALUES (?)"),
    entries: new RowInserter(database, "INSERT INTO entries", 3),
    keys: new RowInserter(database, "INSERT OR IGNORE INTO keys", 3),
    certificates: new RowInserter(database, "INSERT INTO certificates", 6),
    findIdentity: prepare("SELECT id, last_bucket FROM identities WHERE spiffe_id = ?"),
    newIdentity: prepare(
      "INSERT INTO identities (spiffe_id, last_bucket) VALUES (?, ?) RETURNING id, last_bucket",
    ),
    touchIdentity: prepare("UPDATE identities SET last_bucket = ? WHERE id = ?"),
    authority: prepare("INSERT OR REPLACE INTO authorities VALUES (?, ?)"),
    bucket: prepare(`INSERT INTO buckets VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      min_time = min(min_time, excluded.min_time), max_time = max(max_time, excluded.max_time),
      min_not_before = min(min_not_before, excluded.min_not_before),
      max_not_after = max(max_not_after, excluded.max_not_after)`),
    state: prepare("UPDATE state SET size = ?, unreadable = unreadable + ?, last_digest = ?"),
    first: prepare("SELECT first FROM state"),
    pruned: [
      prepare("DELETE FROM keys WHERE bucket < ?"),
      prepare("DELETE FROM certificates WHERE bucket < ?"),
      prepare("DELETE FROM buckets WHERE bucket < ?"),
      prepare("DELETE FROM identities WHERE last_bucket < ?"),
    ],
    pruneEntries: prepare("DELETE FROM entries WHERE id < ?"),
    pruneSegments: prepare("DELETE FROM segments WHERE first < ?"),
    pruneTo: prepare("UPDATE state SET first = ?1, size = max(size, ?1)"),
  };
}
