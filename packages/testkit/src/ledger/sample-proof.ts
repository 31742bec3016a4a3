import { generateKeyPairSync } from "node:crypto";
import {
  createNoteKey,
  formatCheckpoint,
  formatProofFile,
  formatVerifierKey,
  leafHash,
  type NoteKey,
  parseCheckpoint,
  signCheckpoint,
  signNote,
} from "@kasbah/ledger/tree";
import { NaiveTree } from "./naive-tree.ts";

const origin = "ca.example/ledger";
export const newLogKey = (name = origin): NoteKey =>
  createNoteKey(name, generateKeyPairSync("ed25519").privateKey);
export const logKey = newLogKey();
export const trusted = formatVerifierKey(logKey.verifier);

export const sampleEntry = (index: number) => `{"v":1,"kind":"issued","entry":${index},"what":"clé 🔑"}\n`;

/** The proof file of one entry of a log of `size`. */
export function sampleProof(index: number, size: number, key = logKey, entryAt = sampleEntry): string {
  const tree = new NaiveTree(Array.from({ length: size }, (_, at) => leafHash(Buffer.from(entryAt(at)))));
  const checkpoint = signCheckpoint({ origin: key.verifier.name, size, root: tree.root(size) }, key);
  const path = tree.inclusion(index, size);
  return formatProofFile({
    entry: entryAt(index),
    index,
    size,
    path,
    checkpoint,
    key: formatVerifierKey(key.verifier),
  });
}

interface ProofFields {
  readonly entry: string;
  readonly index: number;
  readonly size: number;
  readonly path: readonly string[];
  readonly checkpoint: string;
  readonly key: string;
}

/** Manipulated copies of a proof file, each with a description; none may verify. */
export function* changedProofs(text: string): Generator<readonly [string, string]> {
  const proof: ProofFields = JSON.parse(text);
  const change = (changed: object) => JSON.stringify({ ...proof, ...changed });
  for (const [what, changed] of [...changedFields(proof), ...changedNotes(proof), ...foreignLogs(proof)])
    yield [what, change(changed)];
  for (const field of Object.keys(proof)) yield [`no ${field}`, change({ [field]: undefined })];
  yield ["two documents", `${text}${text}`];
  yield ["cut off", text.slice(0, -3)];
  yield ["empty", ""];
  yield ["a list", `[${text}]`];
}

function* changedFields({
  entry,
  index,
  size,
  path,
  key,
}: ProofFields): Generator<readonly [string, object]> {
  for (const other of [
    `${entry}\n`,
    entry.trimEnd(),
    ` ${entry}`,
    "",
    entry.replace("1", "2"),
    "\0",
    5,
    null,
  ])
    yield ["entry", { entry: other }];
  // Without a check of the size, an index with more bits than the path has hashes would take the same turns.
  for (const beyond of [16, 32, 2 ** 31, 2 ** 32])
    yield [`index ${index + beyond}`, { index: index + beyond }];
  for (const other of [index + 1, index - 1, index ^ 2, size, -1, 2 ** 53, index + 0.5, `${index}`, null])
    yield [`index ${other}`, { index: other }];
  for (const other of [size + 1, size - 1, 0, -1, 2 ** 53, size + 0.5, `${size}`, null])
    yield [`size ${other}`, { size: other }];
  for (const [at, hash] of path.entries()) {
    yield [`path without ${at}`, { path: path.toSpliced(at, 1) }];
    yield [`path with ${at} twice`, { path: path.toSpliced(at, 0, hash) }];
    yield [`another hash at ${at}`, { path: path.with(at, flippedBase64(hash, at)) }];
  }
  const [first = ""] = path;
  const odd = ["", "*", "AAAA", first.slice(0, -1), `${first}\n`, `${first} `, respelt(first), 5];
  for (const other of odd) yield [`path with ${other}`, { path: [other, ...path.slice(1)] }];
  for (const other of [path.toReversed(), [], [...path, first], path.join(), null, {}])
    yield ["path", { path: other }];
  for (const other of [`${key}\n`, "", key.replace("+", " "), null, formatVerifierKey(newLogKey().verifier)])
    yield ["key", { key: other }];
  yield ["version", { version: 2 }];
  yield ["one more field", { trusted: true }];
}

function* changedNotes({ checkpoint, size }: ProofFields): Generator<readonly [string, object]> {
  const [name = "", count = "", root = "", , line = ""] = checkpoint.split("\n");
  const [dash, signer, encoded = ""] = line.split(" ");
  const note = (text: string, signature = encoded) => ({
    checkpoint: `${text}\n${dash} ${signer} ${signature}\n`,
  });
  const text = `${name}\n${count}\n${root}\n`;
  yield ["checkpoint's root", note(text.replace(root, flippedBase64(root, 0)))];
  yield ["checkpoint's name", note(text.replace(name, `${name}2`))];
  yield [
    "checkpoint's size, and the file's",
    { ...note(text.replace(count, `${size + 1}`)), size: size + 1 },
  ];
  yield ["checkpoint's zeros", note(text.replace(count, `0${count}`))];
  yield ["a further line", note(`${text}more\n`)];
  yield ["an empty line", note(`\n${text}`)];
  yield ["no signature", { checkpoint: text }];
  yield ["an empty signature", note(text, "")];
  yield ["another spelling", note(text, respelt(encoded))];
  for (const at of [0, 3, 4, 35, 36, 67])
    yield [`signature's byte ${at}`, note(text, flippedBase64(encoded, at))];
}

/** Logs with other keys that contain the entry at its position. */
function* foreignLogs({ index, size, entry, checkpoint }: ProofFields): Generator<readonly [string, object]> {
  const otherKey = newLogKey();
  const fake: ProofFields = JSON.parse(sampleProof(index, size, otherKey, (at) => `${entry}${at}`));
  yield ["another log", fake];
  yield ["another log, said to be of the trusted key", { ...fake, key: trusted }];
  const id = Buffer.from(logKey.verifier.id, "hex");
  const [head = "", signature = ""] = fake.checkpoint.split("\n\n");
  const bytes = Buffer.from(signature.split(" ")[2] ?? "", "base64");
  const line = `— ${origin} ${Buffer.concat([id, bytes.subarray(4)]).toString("base64")}`;
  yield [
    "another log, with the trusted key's id",
    { ...fake, key: trusted, checkpoint: `${head}\n\n${line}\n` },
  ];
  const { root } = parseCheckpoint(checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1));
  const other = signNote(formatCheckpoint({ origin: "ca.example/other", size, root }), logKey);
  yield ["another log of the trusted key", { checkpoint: other }];
}

function flippedBase64(encoded: string, at: number): string {
  const bytes = Buffer.from(encoded, "base64");
  bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 1;
  return bytes.toString("base64");
}

/** The same bytes in another encoding: two bits of the last character before the padding are unused. */
function respelt(encoded: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return encoded.replace(/.=$/, (end) => `${alphabet[alphabet.indexOf(end.charAt(0)) + 1]}=`);
}
