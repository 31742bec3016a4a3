import { stat, unlink } from "node:fs/promises";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import { lastEntryTime } from "./segments/last-entry-time.ts";
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
  readonly clock: Clock;
  readonly logger: Logger;
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

  async #prune(): Promise<void> {
    if (this.#deps.holds() !== undefined) return;
    const segments = await listSegments(this.#deps.directory);
    for (const [at, segment] of segments.entries()) {
      const next = segments[at + 1];
      if (next === undefined || !(await this.#isOver(segment, next))) return;
      await unlink(segment.path);
      this.#deps.logger.info("deleted a ledger segment older than the retention period", {
        firstEntry: segment.first,
        entries: next.first - segment.first,
      });
    }
  }

  async #isOver({ path }: Segment, next: Segment): Promise<boolean> {
    const { retentionMs, clock, signedSize } = this.#deps;
    const isOld = (ms: number) => clock.now().getTime() - ms > retentionMs;
    const { mtimeMs } = await stat(path);
    if (!isOld(mtimeMs) || next.first > signedSize()) return false;
    // The kernel dates a file by the clock of the machine, which may have been wrong.
    const written = await lastEntryTime(path);
    return written === undefined || isOld(written.getTime());
  }
}
