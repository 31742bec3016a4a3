import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";

/** An open append-only file; both writes return only when the bytes are on the disk. */
export interface SegmentFile {
  /** Writes all bytes at `position`, then fdatasync. */
  writeDurably(bytes: Uint8Array, position: number): Promise<void>;
  /** Cuts the file to `length`, then fdatasync. */
  truncateDurably(length: number): Promise<void>;
  close(): Promise<void>;
}

/** A segment as it was found. */
export interface OpenedSegment {
  readonly file: SegmentFile;
  /** Length up to and with the last line feed: what follows is the torn tail of a crash. */
  readonly wholeLength: number;
  readonly length: number;
}

/** A symbolic link could lead the ledger to another file. */
const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
const scanBytes = 65_536;
const lineFeed = 0x0a;

/** Opens a segment, or makes an empty one with mode 0600. The caller has made sure that no other process has it. */
export async function openSegmentFile(path: string): Promise<OpenedSegment> {
  const handle = await open(path, flags, 0o600);
  try {
    const { size } = await handle.stat();
    if (size === 0) await syncDirectory(dirname(path));
    return { file: segmentFile(handle), length: size, wholeLength: await findWholeLength(handle, size) };
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

/** Without this a power cut may take the name of a new file, and with it every entry. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await handle.sync().finally(() => handle.close());
}

/** A disk that fills up writes less than it was given before it fails. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Looks for the last line feed from the end, so that start-up costs the same at any size. */
async function findWholeLength(handle: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(scanBytes);
  for (let end = size; end > 0; end -= scanBytes) {
    const start = Math.max(0, end - scanBytes);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    const at = chunk.subarray(0, bytesRead).lastIndexOf(lineFeed);
    if (at >= 0) return start + at + 1;
  }
  return 0;
}
