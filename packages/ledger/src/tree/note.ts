import { LedgerError } from "../errors.ts";
import { formatBase64, parseBase64 } from "./base64.ts";
import { isKeyName, type NoteKey, type NoteVerifier } from "./note-key.ts";

/** The text of a note and the trusted keys that signed it. */
export interface OpenedNote {
  readonly text: string;
  readonly verifiedBy: readonly NoteVerifier[];
}

interface Signature {
  readonly name: string;
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Room for a hundred signatures of the largest, post-quantum kind and a long text. */
const maxNoteLength = 1_000_000;
const maxSignatures = 100;
const idLength = 4;
/** The characters that c2sp.org/signed-note forbids, so that no line can imitate another. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern rejects exactly these characters
const controlCharacter = /[\u0000-\u0009\u000b-\u001f]/;

/**
 * The text with a signature line, as specified by c2sp.org/signed-note.
 *
 * @throws LedgerError `NOTE_MALFORMED` if a note cannot contain the text
 */
export function signNote(text: string, key: NoteKey): string {
  requireCharacters(text);
  if (!text.endsWith("\n")) throw malformed("its text does not end with a line feed");
  const { name, id } = key.verifier;
  const signature = Buffer.concat([Buffer.from(id, "hex"), key.sign(text)]);
  return `${text}\n— ${name} ${formatBase64(signature)}\n`;
}

/**
 * Opens a note that a key of `verifiers` has signed. Signatures of other keys are ignored; an invalid
 * signature of a key of `verifiers` makes the whole note invalid.
 *
 * @throws LedgerError `NOTE_MALFORMED` or `NOTE_UNVERIFIED`
 */
export function openNote(note: string | Uint8Array, verifiers: readonly NoteVerifier[]): OpenedNote {
  const { text, signatures } = parseNote(note);
  const verifiedBy = new Set<NoteVerifier>();
  for (const { name, id, bytes } of signatures) {
    const verifier = verifiers.find((known) => known.name === name && known.id === id);
    if (verifier === undefined) continue;
    if (!verifier.verifies(text, bytes))
      throw unverified(`the signature of ${name} does not match this text`);
    verifiedBy.add(verifier);
  }
  if (verifiedBy.size === 0) {
    const expected = verifiers.map((known) => `${known.name}+${known.id}`).join(" or ");
    throw unverified(`expected a signature of ${expected}, found ${signatures.length} by other keys`);
  }
  return { text, verifiedBy: [...verifiedBy] };
}

function parseNote(note: string | Uint8Array): { text: string; signatures: readonly Signature[] } {
  if (note.length > maxNoteLength) throw malformed(`it is longer than ${maxNoteLength} bytes`);
  const whole = typeof note === "string" ? note : decode(note);
  requireCharacters(whole);
  // The text may contain empty lines, so the last one ends it.
  const end = whole.lastIndexOf("\n\n");
  if (end < 0) throw malformed("there is no empty line before its signatures");
  const lines = whole.slice(end + 2).split("\n", maxSignatures + 2);
  if (lines.length > maxSignatures + 1) throw malformed(`it has more than ${maxSignatures} signatures`);
  if (lines.pop() !== "" || lines.length === 0) throw malformed("it does not end with a signature line");
  return { text: whole.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): Signature {
  const [, name = "", encoded = ""] = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  const bytes = parseBase64(encoded);
  if (!isKeyName(name) || bytes === undefined || bytes.length <= idLength)
    throw malformed("a signature line is not a dash, a name, and a key id and signature in base64");
  const id = Buffer.from(bytes.subarray(0, idLength)).toString("hex");
  return { name, id, bytes: bytes.subarray(idLength) };
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw malformed("it is not UTF-8", cause);
  }
}

function requireCharacters(text: string): void {
  if (!text.isWellFormed()) throw malformed("it is not UTF-8");
  if (controlCharacter.test(text)) throw malformed("it contains a control character");
}

function malformed(problem: string, cause?: unknown): LedgerError {
  return new LedgerError("NOTE_MALFORMED", `invalid signed note: ${problem}`, { cause });
}

function unverified(problem: string): LedgerError {
  return new LedgerError("NOTE_UNVERIFIED", `the note is not signed by a trusted key: ${problem}`);
}
