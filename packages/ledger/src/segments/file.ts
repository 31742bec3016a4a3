import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory } from "@kasbah/runtime";

/** An open append-only file; both writes return only when the bytes are on the disk. */
export interface SegmentFile {
  /** Writes all bytes at `position`, then fdatasync. */
  writeDurably(bytes: Uint8Array, position: number): Promise<void>;
  /** Truncates the file to `length`, then fdatasync. */
  truncateDurably(length: number): Promise<void>;
  close(): Promise<void>;
}

/** A segment as found on disk. */
export interface OpenedSegment {
  readonly file: SegmentFile;
  /** The number of complete lines. */
  readonly lines: number;
  /** Length up to and including the last line feed. Anything after it is the torn tail of a crash. */
  readonly wholeLength: number;
  readonly length: number;
}

/** A symbolic link could redirect the ledger to another file. */
const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
const scanBytes = 1_048_576;
const lineFeed = 0x0a;

/**
 * Opens a segment, or creates an empty one with mode 0600. The caller must ensure that no other process has
 * it open.
 */
export async function openSegmentFile(path: string): Promise<OpenedSegment> {
  const handle = await open(path, flags, 0o600);
  try {
    const { size } = await handle.stat();
    // Otherwise a power cut could lose the name of a new file, and every entry with it.
    if (size === 0) await syncDirectory(dirname(path));
    return { file: segmentFile(handle), length: size, ...(await countLines(handle, size)) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function segmentFile(handle: FileHandle): SegmentFile {
  return {
    async writeDurably(bytes, position) {
      await writeAll(handle, bytes, position);
      await handle.datasync();
    },
    async truncateDurably(length) {
      await handle.truncate(length);
      await handle.datasync();
    },
    close: () => handle.close(),
  };
}

/** A disk that fills up writes only a part before it fails. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Segments are rolled by size, so the cost does not grow with the ledger. */
async function countLines(
  handle: FileHandle,
  size: number,
): Promise<Pick<OpenedSegment, "lines" | "wholeLength">> {
  const chunk = Buffer.alloc(Math.min(scanBytes, size));
  let [lines, wholeLength] = [0, 0];
  for (let start = 0; start < size; ) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, start);
    if (bytesRead === 0) break;
    const read = chunk.subarray(0, bytesRead);
    for (let at = read.indexOf(lineFeed); at >= 0; at = read.indexOf(lineFeed, at + 1)) {
      lines += 1;
      wholeLength = start + at + 1;
    }
    start += bytesRead;
  }
  return { lines, wholeLength };
}
