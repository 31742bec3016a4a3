import { closeSync, openSync, readFileSync, readSync } from "node:fs";

const chunkBytes = 16 * 1024 * 1024;
/** The kernel's own pages, which cannot be read. */
const kernelPages = /\[(vvar|vvar_vclock|vsyscall)\]$/;

/**
 * How often each of these octet strings occurs in the writable memory of a process, as a core dump without the
 * filter would contain it. Works for own child processes, and as root for all.
 */
export function occurrencesInMemory(pid: number, wanted: readonly Buffer[]): number[] {
  const counts = wanted.map(() => 0);
  const overlap = Math.max(...wanted.map(({ length }) => length)) - 1;
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const chunk = Buffer.alloc(chunkBytes);
  try {
    for (const { start, end } of writableRegions(pid)) {
      for (let at = start; at < end; at += chunkBytes - overlap) {
        const read = readSome(memory, chunk, at, Math.min(chunkBytes, end - at));
        const found = chunk.subarray(0, read);
        for (const [index, octets] of wanted.entries()) {
          counts[index] = (counts[index] ?? 0) + occurrences(found, octets);
        }
      }
    }
  } finally {
    closeSync(memory);
  }
  return counts;
}

function writableRegions(pid: number): readonly { readonly start: number; readonly end: number }[] {
  return readFileSync(`/proc/${pid}/maps`, "utf8")
    .trim()
    .split("\n")
    .filter((line) => line.split(" ")[1]?.startsWith("rw") && !kernelPages.test(line))
    .map((line) => {
      const [start = "", end = ""] = (line.split(" ")[0] ?? "").split("-");
      return { start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) };
    });
}

/** A region may be unmapped or unreadable in part; it then counts as empty. */
function readSome(memory: number, into: Buffer, position: number, length: number): number {
  try {
    return readSync(memory, into, 0, length, position);
  } catch {
    return 0;
  }
}

function occurrences(haystack: Buffer, needle: Buffer): number {
  let count = 0;
  for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, at + 1)) count += 1;
  return count;
}
