import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parsePrivateKey } from "@kasbah/pki";
import { errnoOf, type Secret, writeFileDurably } from "@kasbah/runtime";
import { readPassphrase } from "../../authorities/keys/passphrase.ts";
import { type AuthorityState, needsKey } from "../../authorities/rotation/authority-state.ts";
import type { StoredAuthority } from "../../authorities/rotation/stored-authority.ts";
import { encodeState } from "../../authorities/state-codec.ts";
import { StateError } from "../../errors.ts";
import { stateDirectoryAt } from "../../store/state-directory.ts";
import { readAuthorityState } from "../offline-status.ts";
import { certificateFile, encodeBackup, type Files, isRecallable, keyFile } from "./file.ts";
import { type BackupSummary, isEncrypted, summaryOf } from "./summary.ts";

/**
 * Writes the keys, certificates and state of a running or stopped CA to a new file with mode 0600. The backup
 * does not include the ledger.
 *
 * @throws StateError if the state cannot be read; `BACKUP_EXISTS` if the file already exists
 */
export async function backupState(
  stateDirectory: string,
  file: string,
  { now, passphraseFile }: { readonly now: Date; readonly passphraseFile: string | undefined },
): Promise<BackupSummary> {
  await refuseExisting(file);
  const passphrase = await readPassphrase(passphraseFile);
  const { state, authorities } = await readWhole(stateDirectory, passphrase);
  const backup = { createdAt: now, state: encodeState(state), authorities };
  await writeFileDurably(file, encodeBackup(backup), 0o600);
  return summaryOf(state, backup);
}

interface Whole {
  readonly state: AuthorityState;
  readonly authorities: Readonly<Record<string, Files>>;
}

/**
 * Reads state and keys as of one moment, although a running CA may retire an authority and destroy its key
 * meanwhile.
 */
async function readWhole(stateDirectory: string, passphrase: Secret | undefined): Promise<Whole> {
  const { authorities: directory } = stateDirectoryAt(stateDirectory);
  for (;;) {
    const state = await readAuthorityState(stateDirectory);
    try {
      const read = ({ id }: Pick<StoredAuthority, "id">) => readFiles(join(directory, id), passphrase);
      const needed = state.authorities
        .filter(needsKey)
        .map(async (one) => [one.id, await read(one)] as const);
      const mayBeGone = [...state.authorities.filter(isRecallable), ...state.requests.open];
      const kept = mayBeGone.map(async (one) => {
        const files = await read(one).catch(ignoreDestroyed);
        return files === undefined ? [] : [[one.id, files] as const];
      });
      const entries = [...(await Promise.all(needed)), ...(await Promise.all(kept)).flat()];
      return { state, authorities: Object.fromEntries(entries) };
    } catch (error) {
      const { epoch } = await readAuthorityState(stateDirectory);
      if (epoch === state.epoch) throw error;
    }
  }
}

/** A release that kept no keys of retired authorities has not recorded that they are gone; a CSR may just have expired. */
function ignoreDestroyed(error: unknown): undefined {
  if (error instanceof StateError && errnoOf(error.cause) === "ENOENT") return;
  throw error;
}

async function readFiles(directory: string, passphrase: Secret | undefined): Promise<Files> {
  const read = (name: string) =>
    readFile(join(directory, name), "utf8").catch((cause: unknown) => {
      const reason = errnoOf(cause) ?? "unexpected failure";
      throw new StateError("AUTHORITY_INCOMPLETE", `cannot read ${join(directory, name)}: ${reason}`, {
        cause,
      });
    });
  const [key, certificate] = [await read(keyFile), await read(certificateFile)];
  const encrypted = passphrase === undefined ? key : await encrypt(key, passphrase);
  return { [keyFile]: encrypted, [certificateFile]: certificate };
}

/** A key that is already encrypted keeps its passphrase. */
async function encrypt(key: string, passphrase: Secret): Promise<string> {
  if (isEncrypted(key)) return key;
  return parsePrivateKey(key).toEncryptedPkcs8Pem(passphrase.reveal());
}

async function refuseExisting(file: string): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  if (found !== undefined)
    throw new StateError(
      "BACKUP_EXISTS",
      `${file} already exists: choose another file, as a backup never replaces one`,
    );
}
