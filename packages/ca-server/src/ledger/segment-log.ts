import type { Clock, Component, Logger } from "@kasbah/runtime";
import { CaError } from "../errors.ts";
import type { OpenedSegment, SegmentFile } from "./segment-file.ts";

export interface SegmentLogParts {
  readonly openSegment: () => Promise<OpenedSegment>;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Waiter {
  readonly line: Uint8Array;
  resolve(): void;
  reject(error: CaError): void;
}

/** How often a log that failed tries to come back. */
const recoveryIntervalMs = 1000;
/** A full disk lets itself be truncated and synced; only a write finds out that space has returned. */
const probe = Buffer.alloc(4096);

/**
 * An append-only file of lines with group commit: one write and one fdatasync serve all callers that wait.
 *
 * After a failed write or fsync the kernel may have dropped dirty pages and forgotten it, so what was not yet durable is
 * never taken for durable: its callers are refused, the file is reopened and cut to the last durable length.
 */
export class SegmentLog implements Component {
  readonly name = "ledger";
  readonly #parts: SegmentLogParts;
  readonly #stopping = new AbortController();
  #file: SegmentFile | undefined;
  #durableLength = 0;
  #waiting: Waiter[] = [];
  #committing: Promise<void> | undefined;
  #recovering: Promise<void> | undefined;

  constructor(parts: SegmentLogParts) {
    this.#parts = parts;
  }

  /** False while an append would be refused. */
  get writable(): boolean {
    return this.#file !== undefined;
  }

  /** Opens the segment and cuts the torn last line that a crash may have left; nobody was told that it was durable. */
  async start(): Promise<void> {
    const { file, length, wholeLength } = await this.#parts.openSegment();
    if (wholeLength < length) {
      await file.truncateDurably(wholeLength);
      this.#parts.logger.warn("ledger had a torn tail, which was cut", { cutBytes: length - wholeLength });
    }
    this.#durableLength = wholeLength;
    this.#file = file;
  }

  /** Lets what waits become durable, then closes. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#committing;
    await this.#recovering;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /**
   * Resolves when the line would survive a power cut.
   *
   * @throws CaError `LEDGER_UNAVAILABLE`
   */
  append(line: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      this.#committing ??= this.#commitWaiting();
    });
  }

  /** Lines that arrive during one fdatasync share the next. */
  async #commitWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      await this.#commit(batch);
    }
    this.#committing = undefined;
  }

  async #commit(batch: readonly Waiter[]): Promise<void> {
    const file = this.#file;
    if (file === undefined) return refuse(batch, undefined);
    const bytes = Buffer.concat(batch.map(({ line }) => line));
    try {
      await file.writeDurably(bytes, this.#durableLength);
    } catch (cause) {
      this.#abandon(file, cause);
      return refuse(batch, cause);
    }
    this.#durableLength += bytes.length;
    for (const waiter of batch) waiter.resolve();
  }

  #abandon(file: SegmentFile, cause: unknown): void {
    this.#file = undefined;
    this.#parts.logger.error("ledger can not be written; certificates are refused until it can", {
      error: cause,
    });
    this.#recovering ??= this.#recover(file).finally(() => {
      this.#recovering = undefined;
    });
  }

  async #recover(failed: SegmentFile): Promise<void> {
    await failed.close().catch(() => undefined);
    const { clock, logger } = this.#parts;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await clock.sleep(recoveryIntervalMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      this.#file = await this.#reopen();
      if (this.#file === undefined) continue;
      logger.info("ledger can be written again");
      return;
    }
  }

  /** Undefined while the file still refuses a write. */
  async #reopen(): Promise<SegmentFile | undefined> {
    const opened = await this.#parts.openSegment().catch(() => undefined);
    if (opened === undefined) return undefined;
    const { file, length } = opened;
    try {
      if (length < this.#durableLength) throw new Error("the file lost lines that were durable");
      await file.truncateDurably(this.#durableLength);
      await file.writeDurably(probe, this.#durableLength);
      await file.truncateDurably(this.#durableLength);
      return file;
    } catch (error) {
      this.#parts.logger.debug("ledger still can not be written", { error });
      await file.close().catch(() => undefined);
      return undefined;
    }
  }
}

function refuse(batch: readonly Waiter[], cause: unknown): void {
  const error = new CaError("LEDGER_UNAVAILABLE", "the issuance could not be put on record", { cause });
  for (const waiter of batch) waiter.reject(error);
}
