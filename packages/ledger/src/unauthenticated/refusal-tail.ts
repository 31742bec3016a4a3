import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "@kasbah/runtime";
import { entryOf } from "../segments/read-entry.ts";
import { parseDropped, type UnauthenticatedLine } from "./dropped-refusals.ts";
import { refusalLogFiles } from "./refusal-log.ts";

const lineFeed = 0x0a;

/** Reads the refusals of unauthenticated callers of one ledger, oldest first, and then the ones that are added. */
export class RefusalTail {
  readonly #directory: string;
  /** The file that was read last, by its inode, because the newest file is renamed when it is full. */
  #inode: number | undefined;
  #offset = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The lines that have not been read yet. */
  async *more(): AsyncGenerator<UnauthenticatedLine, void, undefined> {
    const [newest, before] = await Promise.all(
      refusalLogFiles.map(async (name) => {
        const path = join(this.#directory, name);
        return { path, inode: await inodeOf(path) };
      }),
    );
    for (const file of [before, newest]) {
      if (file?.inode === undefined) continue;
      // An older file than the one that was read last has been read.
      if (file === before && this.#inode !== undefined && this.#inode !== before.inode) continue;
      if (file.inode !== this.#inode) this.#offset = 0;
      this.#inode = file.inode;
      yield* this.#linesOf(file.path);
    }
  }

  async *#linesOf(path: string): AsyncGenerator<UnauthenticatedLine, void, undefined> {
    let rest = Buffer.alloc(0);
    try {
      for await (const chunk of createReadStream(path, { start: this.#offset })) {
        rest = Buffer.concat([rest, chunk as Buffer]);
        // The bytes after the last line feed are an incomplete line, which the next reading completes.
        for (let end = rest.indexOf(lineFeed); end !== -1; end = rest.indexOf(lineFeed)) {
          const line = rest.subarray(0, end);
          rest = rest.subarray(end + 1);
          this.#offset += line.length + 1;
          const parsed = parseLine(line);
          if (parsed !== undefined) yield parsed;
        }
      }
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
  }
}

function parseLine(line: Buffer): UnauthenticatedLine | undefined {
  const dropped = parseDropped(line.toString());
  if (dropped !== undefined) return dropped;
  const entry = entryOf(line);
  return entry?.kind === "refused" ? entry : undefined;
}

async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
