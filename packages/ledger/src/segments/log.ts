import { setImmediate } from "node:timers/promises";
import { type Clock, type Component, delay, type Logger, SerialQueue } from "@kasbah/runtime";
import { LedgerError } from "../errors.ts";
import type { EntryLog } from "../ports.ts";
import type { SpaceReserve } from "../volume/reserve.ts";
import { isDiskFull } from "../volume/volume.ts";
import type { OpenedSegment, SegmentFile } from "./file.ts";

export interface SegmentLogDeps {
  /** Opens or creates the segment whose first entry has this index. */
  readonly openSegment: (first: number) => Promise<OpenedSegment>;
  /** Index of the first entry in the last segment; 0 for a new ledger. */
  readonly lastSegment: () => Promise<number>;
  /** A segment that has reached this size ends with the next full bundle of entries. */
  readonly maxSegmentBytes: () => number;
  /** Called in order as soon as entries are durable, before their appends resolve. */
  readonly onDurable: (entries: readonly Uint8Array[], firstIndex: number, place: BatchPlace) => void;
  /** Called when a segment is full and the next one has begun. */
  readonly onSegmentEnd?: () => void;
  /** Space that is given up for acts on a full disk. */
  readonly reserve?: Pick<SpaceReserve, "isUsable" | "open" | "makeRoom" | "release" | "restore">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where the first line of a batch begins. Its other lines follow immediately. */
export interface BatchPlace {
  /** Index of the first entry of its segment. */
  readonly segmentFirst: number;
  readonly offset: number;
}

interface Waiter {
  readonly entry: Uint8Array;
  resolve(): void;
  reject(error: LedgerError): void;
}

/**
 * Segments contain full bundles of this many entries, so that external tools can extract them (C2SP
 * tlog-tiles).
 */
const bundle = 256;
/** The interval at which a failed log tries to recover. */
const recoveryIntervalMs = 1000;
/** Other writers may take a part of the reserve before an act can use it. */
const partsOfAct = 2;
/** Truncating and syncing succeed on a full disk, so only a write shows that there is space again. */
const probe = Buffer.alloc(4096);
const lineFeed = 0x0a;

/**
 * Append-only files of lines with group commit: one write and one fdatasync serve all waiting callers.
 *
 * After a failed write or fsync the kernel may have dropped dirty pages. Entries that were not durable by
 * then are rejected, and the file is reopened and truncated to the last durable length.
 */
export class SegmentLog implements EntryLog, Component {
  readonly name = "ledger";
  readonly #deps: SegmentLogDeps;
  readonly #stopping = new AbortController();
  #file: SegmentFile | undefined;
  #failure: unknown;
  #segmentFirst = 0;
  #durableLength = 0;
  #size = 0;
  #waiting: Waiter[] = [];
  #committing: Promise<void> | undefined;
  #recovering: Promise<void> | undefined;
  /** Only one of recovery and rescue may have the file of a failed log open. */
  readonly #repairs = new SerialQueue();

  constructor(deps: SegmentLogDeps) {
    this.#deps = deps;
  }

  get writable(): boolean {
    return this.#file !== undefined;
  }

  get failure(): unknown {
    return this.writable ? undefined : this.#failure;
  }

  get actsWritable(): boolean {
    return this.writable || (isDiskFull(this.#failure) && this.#deps.reserve?.isUsable === true);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Opens the last segment and truncates the torn line that a crash may have left, whose append never
   * resolved.
   */
  async start(): Promise<void> {
    const first = await this.#deps.lastSegment();
    const { file, lines, length, wholeLength } = await this.#deps.openSegment(first);
    if (wholeLength < length) {
      await file.truncateDurably(wholeLength);
      this.#deps.logger.warn("truncated a torn last line of the ledger", { cutBytes: length - wholeLength });
    }
    this.#segmentFirst = first;
    this.#size = first + lines;
    this.#durableLength = wholeLength;
    this.#file = file;
    await this.#deps.reserve?.open();
  }

  /** Makes waiting entries durable, then closes the file. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#committing;
    await this.#recovering;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  append(entry: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      this.#committing ??= this.#commitWaiting();
    });
  }

  makeRoomForAct(): Promise<void> {
    return this.#repairs.run(async () => this.#deps.reserve?.makeRoom());
  }

  async appendAct(entry: Uint8Array): Promise<void> {
    try {
      await this.append(entry);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await this.#rescue(entry, error);
    }
  }

  /** Entries of one turn of the event loop share an fdatasync, and those that arrive during it share the next. */
  async #commitWaiting(): Promise<void> {
    await setImmediate();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#room);
      await this.#commit(batch);
    }
    this.#committing = undefined;
  }

  /**
   * How many more entries fit into the segment. At the end of a bundle, the batch starts the next segment.
   */
  get #room(): number {
    if (this.#durableLength < this.#deps.maxSegmentBytes()) return this.#waiting.length;
    return bundle - (this.#size % bundle);
  }

  async #commit(batch: readonly Waiter[]): Promise<void> {
    const file = this.#file;
    if (file === undefined) return refuse(batch, this.#failure);
    try {
      await this.#roll();
      await this.#write(batch);
    } catch (cause) {
      this.#abandon(cause);
      return refuse(batch, cause);
    }
    for (const waiter of batch) waiter.resolve();
  }

  async #write(batch: readonly Pick<Waiter, "entry">[], file = this.#file): Promise<void> {
    const entries = batch.map(({ entry }) => entry);
    const bytes = linesOf(entries);
    const place = { segmentFirst: this.#segmentFirst, offset: this.#durableLength };
    await file?.writeDurably(bytes, this.#durableLength);
    this.#durableLength += bytes.length;
    const firstIndex = this.#size;
    this.#size += batch.length;
    this.#deps.onDurable(entries, firstIndex, place);
  }

  /** Begins the next segment if this one is full. */
  async #roll(): Promise<void> {
    const isFull = this.#durableLength >= this.#deps.maxSegmentBytes() && this.#size % bundle === 0;
    if (!isFull) return;
    const { file } = await this.#deps.openSegment(this.#size);
    const before = this.#file;
    this.#file = file;
    this.#segmentFirst = this.#size;
    this.#durableLength = 0;
    await before?.close();
    this.#deps.onSegmentEnd?.();
  }

  #abandon(cause: unknown): void {
    const file = this.#file;
    this.#file = undefined;
    this.#failure = cause;
    this.#deps.logger.error(
      "cannot write the ledger; certificate requests are refused until it can be written",
      {
        error: cause,
      },
    );
    this.#recovering ??= this.#recover(file).finally(() => {
      this.#recovering = undefined;
    });
  }

  async #recover(failed: SegmentFile | undefined): Promise<void> {
    await failed?.close().catch(() => undefined);
    const { clock, logger } = this.#deps;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await delay(clock, recoveryIntervalMs, signal);
      if (signal.aborted) return;
      this.#file = await this.#repairs.run(() => this.#reopenWithReserve());
      if (this.#file === undefined) continue;
      logger.info("the ledger can be written again");
      return;
    }
  }

  /** Writes one act into a failed log, with space from the reserve. The log stays failed. */
  #rescue(entry: Uint8Array, cause: unknown): Promise<void> {
    return this.#repairs.run(async () => {
      if (this.#file !== undefined) return this.append(entry);
      for (let part = 0; part < partsOfAct; part += 1) {
        if (!(await this.#deps.reserve?.release())) break;
        if (await this.#writeOnce(entry)) return;
      }
      throw cause;
    });
  }

  /** False if the disk has no space for it. */
  async #writeOnce(entry: Uint8Array): Promise<boolean> {
    const file = await this.#reopen();
    if (file === undefined) return false;
    try {
      await this.#write([{ entry }], file);
      return true;
    } catch (error) {
      this.#failure = error;
      return false;
    } finally {
      await file.close();
    }
  }

  /** Decisions wait until the reserve is whole again, so that they never use it. */
  async #reopenWithReserve(): Promise<SegmentFile | undefined> {
    try {
      await this.#deps.reserve?.restore();
    } catch (error) {
      this.#failure = error;
      return undefined;
    }
    return this.#reopen();
  }

  /** Undefined if the file still cannot be written. */
  async #reopen(): Promise<SegmentFile | undefined> {
    const opened = await this.#deps.openSegment(this.#segmentFirst).catch(() => undefined);
    if (opened === undefined) return undefined;
    const { file, length } = opened;
    try {
      if (length < this.#durableLength) throw new Error("the file has lost durable lines");
      await file.truncateDurably(this.#durableLength);
      await file.writeDurably(probe, this.#durableLength);
      await file.truncateDurably(this.#durableLength);
      return file;
    } catch (error) {
      this.#failure = error;
      this.#deps.logger.debug("still cannot write the ledger", { error });
      await file.close().catch(() => undefined);
      return undefined;
    }
  }
}

/** Each entry with a line feed. */
function linesOf(entries: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(entries.reduce((length, entry) => length + entry.length + 1, 0));
  let end = 0;
  for (const entry of entries) {
    bytes.set(entry, end);
    end += entry.length;
    end = bytes.writeUInt8(lineFeed, end);
  }
  return bytes;
}

function refuse(batch: readonly Waiter[], cause: unknown): void {
  const error = unavailable(cause);
  for (const waiter of batch) waiter.reject(error);
}

function unavailable(cause: unknown): LedgerError {
  return new LedgerError("LEDGER_UNAVAILABLE", "cannot record the decision in the ledger", { cause });
}
