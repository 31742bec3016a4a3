import { LedgerError } from "../errors.ts";
import { formatBase64, parseBase64 } from "./base64.ts";
import { hashLength, type TreeHash } from "./merkle.ts";
import { openNote, signNote } from "./note.ts";
import type { NoteKey, NoteVerifier } from "./note-key.ts";

/** A log state that is signed with the log's key: c2sp.org/tlog-checkpoint. */
export interface Checkpoint {
  /** The unique name of the log. */
  readonly origin: string;
  readonly size: number;
  readonly root: TreeHash;
  /** Extension lines of other logs, kept unchanged. Kasbah writes none, because they cannot be audited. */
  readonly extensions?: readonly string[];
}

const decimal = /^(0|[1-9][0-9]{0,15})$/;

/** The signed text: name, size and root, one line each. */
export function formatCheckpoint({ origin, size, root, extensions = [] }: Checkpoint): string {
  const text = [origin, String(size), formatBase64(root), ...extensions, ""].join("\n");
  // A name with a line feed could inject another size.
  if (parseCheckpoint(text).origin !== origin) throw invalid("its log's name is not one line");
  return text;
}

/** @throws LedgerError `CHECKPOINT_INVALID` */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  if (lines.pop() !== "" || lines.includes(""))
    throw invalid("a line is empty, or the last line is incomplete");
  const [origin, size = "", encoded = "", ...extensions] = lines;
  if (origin === undefined) throw invalid("it is empty");
  if (!decimal.test(size) || !Number.isSafeInteger(Number(size))) throw invalid("its size is not a number");
  const root = parseBase64(encoded);
  if (root?.length !== hashLength) throw invalid("its root is not a hash in base64");
  return { origin, size: Number(size), root, ...(extensions.length === 0 ? {} : { extensions }) };
}

export function signCheckpoint(checkpoint: Checkpoint, key: NoteKey): string {
  return signNote(formatCheckpoint(checkpoint), key);
}

/**
 * Opens the checkpoint of the log `origin`, signed with its key.
 *
 * @throws LedgerError `NOTE_MALFORMED`, `NOTE_UNVERIFIED` or `CHECKPOINT_INVALID`
 */
export function openCheckpoint(
  note: string | Uint8Array,
  verifier: NoteVerifier,
  origin: string,
): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, [verifier]).text);
  if (checkpoint.origin !== origin) throw invalid(`expected the log ${origin}, found ${checkpoint.origin}`);
  return checkpoint;
}

function invalid(problem: string): LedgerError {
  return new LedgerError("CHECKPOINT_INVALID", `invalid checkpoint: ${problem}`);
}
