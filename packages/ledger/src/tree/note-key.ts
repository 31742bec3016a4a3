import { createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";
import { LedgerError } from "../errors.ts";
import { formatBase64, parseBase64 } from "./base64.ts";

/** A key that notes may be signed with, with the name and id that its signatures carry. */
export interface NoteVerifier {
  readonly name: string;
  /** Four bytes in hexadecimal: enough to find the key, not enough to trust it. */
  readonly id: string;
  /** The 32 bytes of RFC 8032. */
  readonly publicKey: Uint8Array;
  verifies(text: string, signature: Uint8Array): boolean;
}

/** A key that signs notes, with the verifier of its signatures. */
export interface NoteKey {
  readonly verifier: NoteVerifier;
  sign(text: string): Uint8Array;
}

/** The signature type of c2sp.org/signed-note for Ed25519. */
const ed25519 = 0x01;
const keyLength = 32;
/** The DER of a SubjectPublicKeyInfo for Ed25519 up to the key itself: RFC 8410 §4. */
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");
/** The key may contain a plus sign; name and id may not. */
const verifierKey = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s;
/**
 * Unicode spaces would end a name, and a plus sign its field in a verifier key; notes contain no control
 * characters.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern rejects exactly these characters
const unfitForName = /[\p{White_Space}+\u0000-\u001f]/u;

/** An Ed25519 key with a name that readers of the note must know; for a log, its origin. */
export function createNoteKey(name: string, privateKey: KeyObject): NoteKey {
  if (privateKey.type !== "private" || privateKey.asymmetricKeyType !== "ed25519")
    throw new TypeError("notes are signed with an Ed25519 private key");
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const verifier = createVerifier(name, spki.subarray(spkiPrefix.length));
  return { verifier, sign: (text) => sign(null, Buffer.from(text), privateKey) };
}

/** The verifier key in the form of Go's sumdb: `name+id+key`. It is not secret. */
export function formatVerifierKey({ name, id, publicKey }: NoteVerifier): string {
  return `${name}+${id}+${formatBase64(typed(publicKey))}`;
}

/** @throws LedgerError `NOTE_MALFORMED` */
export function parseVerifierKey(vkey: string): NoteVerifier {
  const [, name = "", id, encoded = ""] = verifierKey.exec(vkey) ?? [];
  const key = parseBase64(encoded);
  if (key?.length !== 1 + keyLength || key[0] !== ed25519)
    throw malformedKey("expected name+id+key, with an Ed25519 key in base64");
  const verifier = createVerifier(name, key.subarray(1));
  if (verifier.id !== id) throw malformedKey("its id does not match its name and key");
  return verifier;
}

/** @throws LedgerError `NOTE_MALFORMED` if the name cannot appear in a signature line */
function createVerifier(name: string, publicKey: Uint8Array): NoteVerifier {
  if (!isKeyName(name))
    throw malformedKey("its name is empty, or has a space, a plus or a control character");
  const key = createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: "der", type: "spki" });
  return {
    name,
    id: keyId(name, publicKey),
    publicKey,
    verifies: (text, signature) => verify(null, Buffer.from(text), key, signature),
  };
}

/** Whether the name can appear in a signature line. */
export function isKeyName(name: string): boolean {
  return name !== "" && name.isWellFormed() && !unfitForName.test(name);
}

function keyId(name: string, publicKey: Uint8Array): string {
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typed(publicKey)]), "hex").slice(0, 8);
}

function typed(publicKey: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(ed25519), publicKey]);
}

function malformedKey(problem: string): LedgerError {
  return new LedgerError("NOTE_MALFORMED", `invalid verifier key: ${problem}`);
}
