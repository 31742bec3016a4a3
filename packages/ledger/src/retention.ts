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
  /** Runs each hour. */
  readonly sweep: Sweep;
  /** The reason why no entry may be deleted now; undefined if nothing holds. */
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
}

interface OldSegment extends Segment {
  readonly next: number;
  readonly newest: Date | undefined;
}

/**
 * Deletes whole segments whose last entry is older than the retention period. It keeps tiles and checkpoints,
 * so that the remaining entries can still be proven.
 */
export class Retention implements Component {
  readonly name = "ledger retention";
  readonly #deps: RetentionDeps;
  #sweeping: { stop(): void } | undefined;
  #pruning: Promise<void> = Promise.resolve();

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#pruneSoon();
    this.#sweeping = this.#deps.sweep(() => this.#pruneSoon());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    await this.#pruning;
  }

  /** Resolves when the current run is done. */
  settled(): Promise<void> {
    return this.#pruning;
  }

  #pruneSoon(): void {
    const { logger } = this.#deps;
    this.#pruning = this.#pruning
      .then(() => this.#prune())
      .catch((error: unknown) => {
        logger.warn("cannot delete old ledger segments", { error });
      });
  }

  /** Every pruning is in the tree, so that missing entries without one are a manipulation. */
  async #prune(): Promise<void> {
    const { holds, record, logger } = this.#deps;
    if (holds() !== undefined) return;
    const old = await this.#oldSegments();
    const [oldest, last] = [old[0], old.at(-1)];
    if (oldest === undefined || last === undefined) return;
    await record({ first: last.next, entries: last.next - oldest.first, newest: last.newest });
    for (const { path, first, next } of old) {
      await unlink(path);
      logger.info("deleted a ledger segment older than the retention period", {
        firstEntry: first,
        entries: next - first,
      });
    }
  }

  async #oldSegments(): Promise<readonly OldSegment[]> {
    const segments = await listSegments(this.#deps.directory);
    const old: OldSegment[] = [];
    for (const [at, segment] of segments.entries()) {
      const next = segments[at + 1]?.first;
      const found = next === undefined ? undefined : await this.#ifOver(segment, next);
      if (found === undefined) break;
      old.push(found);
    }
    return old;
  }

  async #ifOver(segment: Segment, next: number): Promise<OldSegment | undefined> {
    const { retentionMs, clock, signedSize, isInTree, logger } = this.#deps;
    const isOld = (ms: number) => clock.now().getTime() - ms > retentionMs;
    const { mtimeMs } = await stat(segment.path);
    if (!isOld(mtimeMs) || next > signedSize()) return undefined;
    // The kernel dates a file by the clock of the machine, which may have been wrong.
    const { time: newest, line } = await lastEntry(segment.path);
    if (newest !== undefined && !isOld(newest.getTime())) return undefined;
    if (await isInTree({ index: next - 1, line })) return { ...segment, next, newest };
    logger.error("the ledger was changed; its oldest segment is kept", {
      code: "LEDGER_DAMAGED",
      entry: next - 1,
      fix: "run kasbah audit verify",
    });
    return undefined;
  }
}
