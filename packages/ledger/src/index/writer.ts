import type { DatabaseSync } from "node:sqlite";
import { atMost } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import type { AuthorityEntry, IssuedEntry } from "../entry/entry.ts";
import type { ReadEntry } from "../segments/read-entry.ts";
import { keyHashesOf, lineDigest, podKey, secondOf } from "./rows.ts";
import { bucketOf, bucketSize } from "./schema.ts";

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
  write(batch: readonly ReadEntry[]): void {
    const { entry, key, segment } = this.#statements;
    const bucket = bucketOf(batch[0]?.index ?? 0);
    const keys: [hash: number, at: number][] = [];
    const [times, validity] = [noBounds(), noBounds()];
    let lastSegment = -1;
    for (const read of batch) {
      if (read.segment.first !== lastSegment) segment.run(read.segment.first);
      lastSegment = read.segment.first;
      entry.run(read.index, read.offset, read.line.length);
      for (const hash of read.entry === undefined ? [] : keyHashesOf(read.entry))
        keys.push([hash, read.index % bucketSize]);
      if (read.entry !== undefined) widen(times, Date.parse(read.entry.time));
      if (read.entry?.kind === "issued") this.#writeCertificate(bucket, read.index, read.entry, validity);
      if (read.entry?.kind === "authority") this.#writeAuthority(read.index, read.entry);
    }
    // Sorted, so that neighbors in the tree are written to the same page.
    keys.sort(([one], [other]) => one - other);
    for (const [hash, at] of keys) key.run(bucket, hash, at);
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

  #writeCertificate(bucket: number, index: number, entry: IssuedEntry, validity: Bounds): void {
    const { certificate } = this.#statements;
    const identity = this.#identityOf(entry.spiffeId, bucket);
    const notBefore = secondOf(Date.parse(entry.notBefore));
    const notAfter = secondOf(Date.parse(entry.notAfter));
    widen(validity, notBefore);
    widen(validity, notAfter);
    certificate.run(bucket, identity, index % bucketSize, notBefore, notAfter, podKey(entry));
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

  #writeState(batch: readonly ReadEntry[]): void {
    const last = batch.at(-1);
    if (last === undefined) return;
    const unreadable = batch.filter(({ entry }) => entry === undefined).length;
    this.#statements.state.run(last.index + 1, unreadable, lineDigest(last.line));
  }
}

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
    entry: prepare("INSERT INTO entries VALUES (?, ?, ?)"),
    key: prepare("INSERT OR IGNORE INTO keys VALUES (?, ?, ?)"),
    certificate: prepare("INSERT INTO certificates VALUES (?, ?, ?, ?, ?, ?)"),
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
