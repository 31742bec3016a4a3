import { rename } from "node:fs/promises";
import { errnoOf, writeFileDurably } from "@kasbah/runtime";
import { LedgerError } from "../errors.ts";
import { readRegularFile } from "../regular-file.ts";
import { formatBase64 } from "../tree/base64.ts";
import { parseCheckpoint } from "../tree/checkpoint.ts";
import type { LedgerHeadName } from "./anchor.ts";

/** A place outside the ledger to which its checkpoint is copied. */
export interface CheckpointTarget {
  /** Such as "the file /backup/checkpoint". */
  readonly name: string;
  /** The copied note; undefined if there is none. */
  read(): Promise<string | undefined>;
  /**
   * Replaces the copy. The target keeps the one before under another name if `keep` says so, which is decided
   * about the note that the write replaces.
   */
  replace(note: string, keep: (found: string) => boolean): Promise<void>;
}

/** A checkpoint in a file. */
export function fileTarget(path: string): CheckpointTarget {
  const read = async () => {
    try {
      return (await readRegularFile(path)).toString();
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    }
  };
  return {
    name: `the file ${path}`,
    read,
    async replace(note, keep) {
      const found = await read();
      if (found !== undefined && keep(found)) await rename(path, `${path}.${copyName(found)}`);
      await writeFileDurably(path, note, 0o644);
    },
  };
}

/** A suffix that names a copied checkpoint: the end of its log's name, and its size. */
export function copyName(note: string): string {
  const head = headOfNote(note);
  return head === undefined ? "unreadable" : `${head.origin.split("/").at(-1) ?? ""}.${head.size}`;
}

/** The head in a note. Its signature does not matter: a copy only raises an alarm. Undefined if it is no checkpoint. */
export function headOfNote(note: string): LedgerHeadName | undefined {
  try {
    const { origin, size, root } = parseCheckpoint(note.slice(0, note.lastIndexOf("\n\n") + 1));
    return { origin, size, root: formatBase64(root) };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return undefined;
  }
}
