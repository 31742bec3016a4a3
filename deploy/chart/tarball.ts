import { gzipSync } from "node:zlib";

/** A file of an archive. */
export interface ArchivedFile {
  readonly path: string;
  readonly content: Uint8Array;
}

const blockBytes = 512;

/**
 * A tar.gz of files in the ustar format, in the order of their paths. The same files and time give the same bytes.
 *
 * @throws RangeError if a path is longer than the format allows
 */
export function tarballOf(files: readonly ArchivedFile[], timeSeconds: number): Uint8Array {
  const sorted = files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const blocks = sorted.flatMap(({ path, content }) => [
    headerOf(path, content.length, timeSeconds),
    content,
    new Uint8Array(-content.length & (blockBytes - 1)),
  ]);
  // Two empty blocks end an archive.
  return gzipSync(Buffer.concat([...blocks, new Uint8Array(2 * blockBytes)]), { level: 9 });
}

function headerOf(path: string, bytes: number, timeSeconds: number): Uint8Array {
  const header = Buffer.alloc(blockBytes);
  const [name, mode, owner, group] = [Buffer.from(path), 0o644, 0, 0];
  if (name.length > 100) throw new RangeError(`the path is longer than 100 bytes: ${path}`);
  name.copy(header);
  writeOctal(header, mode, 100, 8);
  writeOctal(header, owner, 108, 8);
  writeOctal(header, group, 116, 8);
  writeOctal(header, bytes, 124, 12);
  writeOctal(header, timeSeconds, 136, 12);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  // The checksum is the sum of all bytes, with spaces in its own place.
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

function writeOctal(header: Buffer, value: number, at: number, width: number): void {
  header.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at);
}
