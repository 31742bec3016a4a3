import { readFile } from "node:fs/promises";

const reading = new Map<string, Promise<string>>();

/** Reads a text file that other programs replace. Concurrent callers share one read, and later ones read again. */
export function readSharedFile(path: string): Promise<string> {
  const shared = reading.get(path);
  if (shared !== undefined) return shared;
  const read = readFile(path, "utf8").finally(() => reading.delete(path));
  reading.set(path, read);
  return read;
}
