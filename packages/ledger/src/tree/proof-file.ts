import { LedgerError } from "../errors.ts";
import { formatBase64, parseBase64 } from "./base64.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { hashLength, leafHash, type TreeHash } from "./merkle.ts";
import { parseVerifierKey } from "./note-key.ts";
import { verifyInclusion } from "./verify-proofs.ts";

/**
 * Everything that a third party needs to verify that the log contains an entry, except a reason to trust the
 * key.
 */
export interface EntryProof {
  /** The entry's bytes as UTF-8 text, including a final line feed if there is one. */
  readonly entry: string;
  readonly index: number;
  readonly size: number;
  readonly path: readonly TreeHash[];
  /** The signed note. */
  readonly checkpoint: string;
  /** The verifier key that claims to have signed the checkpoint. */
  readonly key: string;
}

/** The verified statement of a proof. */
export interface ProvenEntry {
  readonly origin: string;
  readonly entry: string;
  readonly index: number;
  readonly size: number;
}

const version = 1;
const fields = ["checkpoint", "entry", "index", "key", "path", "size", "version"];
const maxLength = 4_000_000;

/** One JSON document, which `docs/verify-proof.sh` also reads. */
export function formatProofFile({ entry, index, size, path, checkpoint, key }: EntryProof): string {
  const file = { version, entry, index, size, path: path.map(formatBase64), checkpoint, key };
  const text = `${JSON.stringify(file, undefined, 2)}\n`;
  parseProofFile(text);
  return text;
}

/** @throws LedgerError `PROOF_MALFORMED` */
export function parseProofFile(text: string): EntryProof {
  if (text.length > maxLength) throw malformed(`it is longer than ${maxLength} characters`);
  const file = parseObject(text);
  if (Object.keys(file).toSorted().join() !== fields.join())
    throw malformed(`expected the fields ${fields.join(", ")}`);
  if (file["version"] !== version) throw malformed(`its version is not ${version}`);
  return {
    entry: stringOf(file, "entry"),
    index: countOf(file, "index"),
    size: countOf(file, "size"),
    path: pathOf(file["path"]),
    checkpoint: stringOf(file, "checkpoint"),
    key: stringOf(file, "key"),
  };
}

/**
 * Returns the entry if the log of the trusted key contains it. The key in the file only names the log: anyone
 * can create a log with a key of their own, and a proof from it. Every log key has a unique name.
 *
 * @throws LedgerError
 */
export function verifyProofFile(text: string, trustedVkey: string): ProvenEntry {
  const { entry, index, size, path, checkpoint, key } = parseProofFile(text);
  const verifier = parseVerifierKey(trustedVkey);
  if (key !== trustedVkey) throw invalid("it is for a key other than the trusted one");
  const { origin, root, ...signed } = openCheckpoint(checkpoint, verifier, verifier.name);
  if (size !== signed.size)
    throw invalid(`it covers ${size} entries, but the checkpoint covers ${signed.size}`);
  const leaf = leafHash(Buffer.from(entry));
  if (!verifyInclusion({ index, size, leafHash: leaf, path, root }))
    throw invalid(`entry, index and path do not lead to the checkpoint's root`);
  return { origin, entry, index, size };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // The parser's message would quote the file.
  }
  throw malformed("it is not a JSON object");
}

/** An unpaired surrogate has no UTF-8 form and would be hashed as another character. */
function stringOf(file: Record<string, unknown>, name: string): string {
  const value = file[name];
  if (typeof value !== "string" || !value.isWellFormed()) throw malformed(`its ${name} is not text`);
  return value;
}

function countOf(file: Record<string, unknown>, name: string): number {
  const value = file[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw malformed(`its ${name} is not a count`);
  return value;
}

function pathOf(value: unknown): readonly TreeHash[] {
  if (!Array.isArray(value)) throw malformed("its path is not a list");
  return value.map((encoded: unknown) => {
    const hash = typeof encoded === "string" ? parseBase64(encoded) : undefined;
    if (hash?.length !== hashLength)
      throw malformed("its path contains an element that is not a hash in base64");
    return hash;
  });
}

function malformed(problem: string): LedgerError {
  return new LedgerError("PROOF_MALFORMED", `invalid proof file: ${problem}`);
}

function invalid(problem: string): LedgerError {
  return new LedgerError("PROOF_INVALID", `the proof is invalid: ${problem}`);
}
