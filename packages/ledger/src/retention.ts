import { stat, unlink } from "node:fs/promises";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import { lastEntry } from "./segments/last-entry.ts";
import { listSegments, type Segment } from "./segments/list.ts";

export interface RetentionDeps {
  /** The directory of the segments. */
  readonly directory: string;
  readonly retentionMs: number;
  /** The number of entries that a checkpoint covers. */
  readonly signedSize: () => number;
  /** How many bytes the ledger takes beyond its limit, measured now. */
  readonly excessBytes: () => Promise<number>;
  /** When to look for entries that are too old, and for a ledger that is too large. */
  readonly sweeps: { readonly age: Sweep; readonly size: Sweep };
  /** The reason why no entry may be deleted because of its age now; undefined if nothing holds. */
  readonly holds: () => string | undefined;
  /** Makes the entry about the deletion durable and signed; nothing is deleted before. */
  readonly record: (pruning: Pruning) => Promise<void>;
  /** Whether the tree contains this entry. Someone may have changed the dates in a file. */
  readonly isInTree: (entry: { readonly index: number; readonly line: Uint8Array }) => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The entries that retention deletes. */
export interface Pruning {
  /** The first entry that is kept. */
  readonly first: number;
  readonly entries: number;
  /** The time of the last deleted entry, if this release can read it. */
  readonly newest: Date | undefined;
  /** Whether all of them were older than the retention period, or had to go for their size. */
  readonly reason: "age" | "size";
}

interface OldSegment extends Segment {
  readonly next: number;
  readonly newest: Date | undefined;
}

/**
 * Deletes whole segments whose last entry is older than the retention period, and the oldest ones of a ledger that
 * takes more than its limit. It keeps tiles and checkpoints, so that the remaining entries can still be proven.
 */
export class Retention implements Component {
  readonly name = "ledger retention";
  readonly #deps: RetentionDeps;
  #sweeping: readonly { stop(): void }[] = [];
  #isSizeDue = false;
  #pruning: Promise<void> = Promise.resolve();

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    const { age, size } = this.#deps.sweeps;
    this.#pruneSoon(() => this.#pruneOld());
    this.#sweeping = [age(() => this.#pruneSoon(() => this.#pruneOld())), size(() => this.lookAtSize())];
    this.lookAtSize();
  }

  async stop(): Promise<void> {
    for (const sweeping of this.#sweeping) sweeping.stop();
    this.#sweeping = [];
    await this.#pruning;
  }

  /** Between two sweeps a busy CA can write more than the free part of a small volume. Does nothing when stopped. */
  lookAtSize(): void {
    if (this.#isSizeDue || this.#sweeping.length === 0) return;
    this.#isSizeDue = true;
    this.#pruneSoon(() => {
      this.#isSizeDue = false;
      return this.#pruneExcess();
    });
  }

  /** Resolves when the current run is done. */
  settled(): Promise<void> {
    return this.#pruning;
  }

  #pruneSoon(prune: () => Promise<void>): void {
    const { logger } = this.#deps;
    this.#pruning = this.#pruning.then(prune).catch((error: unknown) => {
      logger.warn("cannot delete old ledger segments", { error });
    });
  }

  async #pruneOld(): Promise<void> {
    if (this.#deps.holds() === undefined) await this.#prune("age", await this.#oldSegments());
  }

  /**
   * A full volume would stop the CA. The clock does not matter here, so nothing about it holds.
   */
  async #pruneExcess(): Promise<void> {
    for (;;) {
      const excess = await this.#deps.excessBytes();
      const oldest = excess > 0 ? await this.#oldestSegments(excess) : [];
      if (oldest.length === 0) return;
      await this.#prune("size", oldest);
    }
  }

  /** Every pruning is in the tree, so that missing entries without one are a manipulation. */
  async #prune(reason: Pruning["reason"], old: readonly OldSegment[]): Promise<void> {
    const { record, logger } = this.#deps;
    const [oldest, last] = [old[0], old.at(-1)];
    if (oldest === undefined || last === undefined) return;
    await record({ first: last.next, entries: last.next - oldest.first, newest: last.newest, reason });
    for (const { path, first, next } of old) {
      await unlink(path);
      const facts = { firstEntry: first, entries: next - first };
      if (reason === "age") logger.info("deleted a ledger segment older than the retention period", facts);
      else
        logger.warn("deleted the oldest ledger segment, because the ledger reached its maximum size", facts);
    }
  }

  async #oldSegments(): Promise<readonly OldSegment[]> {
    const old: OldSegment[] = [];
    for (const [segment, next] of await this.#sealed()) {
      const found = (await this.#isOver(segment))
        ? await this.#ifProven(segment, next, this.#isOld)
        : undefined;
      if (found === undefined) break;
      old.push(found);
    }
    return old;
  }

  async #oldestSegments(excess: number): Promise<readonly OldSegment[]> {
    const oldest: OldSegment[] = [];
    let bytes = 0;
    for (const [segment, next] of await this.#sealed()) {
      const found = bytes < excess ? await this.#ifProven(segment, next, () => true) : undefined;
      if (found === undefined) break;
      oldest.push(found);
      bytes += found.bytes;
    }
    return oldest;
  }

  /** All segments but the current one, each with the index of the next. */
  async #sealed(): Promise<readonly (readonly [Segment, number])[]> {
    const segments = await listSegments(this.#deps.directory);
    return segments.slice(0, -1).map((segment, at) => [segment, segments[at + 1]?.first ?? 0]);
  }

  readonly #isOld = (ms: number) => this.#deps.clock.now().getTime() - ms > this.#deps.retentionMs;

  async #isOver({ path }: Segment): Promise<boolean> {
    return this.#isOld((await stat(path)).mtimeMs);
  }

  /**
   * The segment, if a checkpoint covers it, its last entry has the wanted time, and the tree contains that entry.
   */
  async #ifProven(
    segment: Segment,
    next: number,
    isWanted: (ms: number) => boolean,
  ): Promise<OldSegment | undefined> {
    const { signedSize, isInTree, logger } = this.#deps;
    if (next > signedSize()) return undefined;
    // The kernel dates a file by the clock of the machine, which may have been wrong.
    const { time: newest, line } = await lastEntry(segment.path);
    if (newest !== undefined && !isWanted(newest.getTime())) return undefined;
    if (await isInTree({ index: next - 1, line })) return { ...segment, next, newest };
    logger.error("the ledger was changed; its oldest segment is kept", {
      code: "LEDGER_DAMAGED",
      entry: next - 1,
      fix: "run kasbah audit verify",
    });
    return undefined;
  }
}
