import { createPrivateKey, createPublicKey, hash, type KeyObject } from "node:crypto";
import { errnoOf, writeFileDurably } from "@kasbah/runtime";
import { LedgerError } from "../errors.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { readRegularFile } from "../regular-file.ts";
import { createNoteKey, formatVerifierKey, type NoteKey, type NoteVerifier } from "../tree/note-key.ts";

export interface LedgerKeyDeps {
  readonly directory: Pick<LedgerDirectory, "path" | "key" | "verifierKey">;
  readonly trustDomain: string;
  /** Creates an Ed25519 private key. */
  readonly newKey: () => KeyObject;
  /** Whether a checkpoint was signed here before, in which case a missing key is a loss. */
  readonly isInUse: boolean;
}

/**
 * Opens the key that signs checkpoints, or creates it for a new ledger. It is not a CA key, so access to a CA
 * key is not enough to rewrite the history of what it issued.
 *
 * @throws LedgerError `LEDGER_DAMAGED`
 */
export async function openLedgerKey(deps: LedgerKeyDeps): Promise<NoteKey> {
  const { directory, trustDomain } = deps;
  const privateKey = (await readKey(directory)) ?? (await createKey(deps));
  const key = createNoteKey(originOf(trustDomain, privateKey), privateKey);
  await publish(`${formatVerifierKey(key.verifier)}\n`, directory);
  return key;
}

/** The verifier of the stored key; undefined if the key is missing or damaged. It changes nothing. */
export async function readLedgerVerifier(
  directory: Pick<LedgerDirectory, "key">,
  trustDomain: string,
): Promise<NoteVerifier | undefined> {
  try {
    const privateKey = await readKey(directory);
    return privateKey && createNoteKey(originOf(trustDomain, privateKey), privateKey).verifier;
  } catch (error) {
    if (!(error instanceof LedgerError) && !(error instanceof TypeError)) throw error;
    return undefined;
  }
}

/** If the key is already published, a full disk must not prevent the start. */
async function publish(text: string, { verifierKey }: Pick<LedgerDirectory, "verifierKey">): Promise<void> {
  const published = await readRegularFile(verifierKey).catch(() => undefined);
  if (published?.toString() !== text) await writeFileDurably(verifierKey, text, 0o644);
}

/** The log's name in every checkpoint. It is unique because it is derived from the ledger's own key. */
function originOf(trustDomain: string, privateKey: KeyObject): string {
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return `${trustDomain}/kasbah-ledger/${hash("sha256", spki, "hex").slice(0, 16)}`;
}

async function readKey({ key }: Pick<LedgerDirectory, "key">): Promise<KeyObject | undefined> {
  const pem = await readRegularFile(key).catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
  });
  if (pem === undefined) return undefined;
  try {
    return createPrivateKey(pem);
  } catch {
    // The file may contain a key in another form, so the error must not quote it.
    throw damaged(`${key} is not a private key in PEM`);
  }
}

async function createKey({ directory, newKey, isInUse }: LedgerKeyDeps): Promise<KeyObject> {
  if (isInUse) throw damaged(`${directory.key} is missing, but checkpoints were signed with it`);
  const privateKey = newKey();
  await writeFileDurably(directory.key, privateKey.export({ format: "pem", type: "pkcs8" }), 0o600);
  return privateKey;
}

function damaged(problem: string): LedgerError {
  const fix = "restore it from a backup, or move the directory aside for auditors to start a new ledger";
  return new LedgerError("LEDGER_DAMAGED", `${problem}: ${fix}`);
}
