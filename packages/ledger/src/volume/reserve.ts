import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { VolumeBytes } from "./volume.ts";

const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
/** How often the reserve can be used before it is empty. */
const uses = 16;
/** Enough for an entry, its tiles and checkpoint, and the control state, although others write at the same time. */
const leastBytesOfUse = 64 * 1024;
const [leastBytes, mostBytes] = [256 * 1024, 4 * 1024 * 1024];
const volumeShare = 1 / 128;

/**
 * A file that occupies the last space of the volume. When the disk is full, parts of it are given up so that acts of
 * operators, and the deletion of old entries, can still be recorded.
 */
export class SpaceReserve {
  readonly #path: string;
  readonly #volume: () => Promise<VolumeBytes>;
  #bytes = 0;
  #left = 0;

  /** @param volume returns the bytes of the file system that contains `path` */
  constructor(path: string, volume: () => Promise<VolumeBytes>) {
    this.#path = path;
    this.#volume = volume;
  }

  /** Whether there is anything to give up. */
  get isUsable(): boolean {
    return this.#left > 0;
  }

  /** Finds or creates the file. A volume that is nearly full stays without one: issuance must not end earlier. */
  async open(): Promise<void> {
    const { size, free } = await this.#volume();
    this.#bytes = Math.floor(Math.min(mostBytes, Math.max(leastBytes, size * volumeShare)));
    await this.#withFile(async (file) => {
      this.#left = (await file.stat()).size;
      if (this.#left < this.#bytes && free > 2 * this.#bytes) await this.#fill(file);
    }).catch(() => undefined);
  }

  /** Gives up a part if the volume has nothing left, so that what follows can be written. */
  async makeRoom(): Promise<void> {
    const { free } = await this.#volume();
    if (free < leastBytesOfUse) await this.release();
  }

  /** Gives up a part. False if there is none. */
  async release(): Promise<boolean> {
    if (this.#left === 0) return false;
    const left = Math.max(0, this.#left - Math.max(leastBytesOfUse, Math.ceil(this.#bytes / uses)));
    await this.#withFile(async (file) => {
      await file.truncate(left);
      await file.sync();
    });
    this.#left = left;
    return true;
  }

  /** Occupies the space again. @throws the error of the disk while it has too little space */
  async restore(): Promise<void> {
    if (this.#left >= this.#bytes) return;
    await this.#withFile((file) => this.#fill(file));
  }

  async #fill(file: FileHandle): Promise<void> {
    try {
      await file.writeFile(incompressible(this.#bytes));
      await file.sync();
      this.#left = this.#bytes;
    } catch (error) {
      await file.truncate(this.#left);
      throw error;
    }
  }

  async #withFile(work: (file: FileHandle) => Promise<void>): Promise<void> {
    const file = await open(this.#path, flags, 0o600);
    try {
      await work(file);
    } finally {
      await file.close();
    }
  }
}

/** A file system that compresses would not reserve space for zeros. */
function incompressible(bytes: number): Buffer {
  return createHash("shake256", { outputLength: bytes }).update("kasbah").digest();
}
