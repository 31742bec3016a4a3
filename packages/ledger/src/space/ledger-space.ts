import type { Component, Logger, Sweep } from "@kasbah/runtime";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { type VolumeBytes, volumeOf } from "../volume/volume.ts";
import { ledgerBytes } from "./ledger-bytes.ts";
import { type LedgerLimit, maxBytesOf, segmentBytesOf } from "./limit.ts";

export interface LedgerSpaceDeps {
  readonly directory: LedgerDirectory;
  readonly limit: LedgerLimit;
  /** The number of entries, including those that retention has deleted. */
  readonly entries: () => number;
  /** When to measure. */
  readonly sweep: Sweep;
  readonly logger: Logger;
  /** The default asks the file system. */
  readonly volume?: () => Promise<VolumeBytes>;
}

/** What a ledger took when it was last measured. */
export interface SpaceUse {
  readonly bytes: number;
  /** Of the entries alone, which retention can delete. */
  readonly entryBytes: number;
  /** The most that it may take; undefined if there is no limit. */
  readonly maxBytes: number | undefined;
  readonly volume: VolumeBytes;
}

const nothing: SpaceUse = { bytes: 0, entryBytes: 0, maxBytes: undefined, volume: { size: 0, free: 0 } };

/** Measures how much of its volume a ledger takes. */
export class LedgerSpace implements Component {
  readonly name = "ledger space";
  readonly #deps: LedgerSpaceDeps;
  #use = nothing;
  #sweeping: { stop(): void } | undefined;
  #hasFailed = false;

  constructor(deps: LedgerSpaceDeps) {
    this.#deps = deps;
  }

  get use(): SpaceUse {
    return this.#use;
  }

  /** A segment that has reached this size ends with the next full bundle of entries. */
  get segmentBytes(): number {
    return segmentBytesOf(this.#deps.limit, this.#use.volume);
  }

  async start(): Promise<void> {
    await this.measure();
    this.#sweeping = this.#deps.sweep(() => void this.measure());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
  }

  /** Never rejects: without a new measurement, the previous one counts. */
  async measure(): Promise<SpaceUse> {
    const {
      directory,
      limit,
      entries,
      volume: measureVolume = () => volumeOf(directory.path),
      logger,
    } = this.#deps;
    try {
      const [{ all: bytes, entries: entryBytes }, volume] = await Promise.all([
        ledgerBytes(directory, entries()),
        measureVolume(),
      ]);
      this.#use = { bytes, entryBytes, volume, maxBytes: maxBytesOf(limit, bytes, volume) };
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) logger.warn("cannot measure the space that the ledger takes", { error });
      this.#hasFailed = true;
    }
    return this.#use;
  }
}
