import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Reads a small regular file as UTF-8. Throws as {@link readBoundedBytes} does. */
export async function readBoundedFile(path: string, maxBytes: number): Promise<string> {
  return (await readBoundedBytes(path, maxBytes)).toString("utf8");
}

/**
 * Reads a small regular file. Throws if it is larger than `maxBytes` or is a directory, a pipe or a device. A
 * mounted path may contain anything, and opening a pipe must not block.
 */
export async function readBoundedBytes(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) throw Object.assign(new Error("it is a directory"), { code: "EISDIR" });
    if (!stat.isFile()) throw new Error("it is not a regular file");
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
    throw new Error(`it is larger than ${maxBytes} bytes`);
  } finally {
    await file.close();
  }
}
