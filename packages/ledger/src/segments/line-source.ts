import type { FileHandle } from "node:fs/promises";
import { errnoOf } from "@kasbah/runtime";
import { openRegularFile } from "../regular-file.ts";
import { segmentPath } from "./list.ts";

/** The position of an entry in the segments. */
export interface Place {
  readonly index: number;
  /** Index of the first entry of its segment. */
  readonly segmentFirst: number;
  /** Offset of its first byte in the segment. */
  readonly offset: number;
  /** Length in bytes, without the line feed. */
  readonly length: number;
}

const windowBytes = 65_536;

/** Reads lines by their places. Neighboring lines share one read. */
export class LineSource {
  readonly #directory: string;
  #handle: FileHandle | undefined;
  #segmentFirst = -1;
  #buffer: Buffer = Buffer.alloc(windowBytes);
  /** The part of the buffer that contains data. */
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  /** @param directory the directory of the segments */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Undefined if its segment was deleted or truncated. */
  async read(place: Place): Promise<Buffer | undefined> {
    const handle = await this.#open(place.segmentFirst);
    if (handle === undefined) return undefined;
    let start = place.offset - this.#windowStart;
    if (start < 0 || start + place.length > this.#window.length) {
      await this.#fill(handle, place);
      start = 0;
    }
    // A copy, because a slice would keep its whole window in memory.
    const line = Buffer.from(this.#window.subarray(start, start + place.length));
    return line.length < place.length ? undefined : line;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    this.#segmentFirst = -1;
  }

  async #open(segmentFirst: number): Promise<FileHandle | undefined> {
    if (this.#segmentFirst === segmentFirst) return this.#handle;
    await this.close();
    this.#window = Buffer.alloc(0);
    try {
      this.#handle = await openRegularFile(segmentPath(this.#directory, segmentFirst));
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
    this.#segmentFirst = segmentFirst;
    return this.#handle;
  }

  async #fill(handle: FileHandle, { offset, length }: Place): Promise<void> {
    if (this.#buffer.length < length) this.#buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(this.#buffer, 0, this.#buffer.length, offset);
    this.#window = this.#buffer.subarray(0, bytesRead);
    this.#windowStart = offset;
  }
}
