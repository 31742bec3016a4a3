import { constants } from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parsePrivateKey } from "@kasbah/pki";
import { errnoOf, publishDirectory, type Secret, writeFileDurably } from "@kasbah/runtime";
import { readPassphrase } from "../authorities/keys/passphrase.ts";
import { type AuthorityState, needsKey, rootOf } from "../authorities/rotation/authority-state.ts";
import { coverUnknownLeaves } from "../authorities/rotation/leaf-horizon.ts";
import type { StoredAuthority } from "../authorities/rotation/stored-authority.ts";
import { decodeState, encodeState } from "../authorities/state-codec.ts";
import { StateError } from "../errors.ts";
import { ControlStore } from "../store/control/control-store.ts";
import type { LockHolder } from "../store/directory-lock.ts";
import { showsFormerRoot, stateDirectoryAt } from "../store/state-directory.ts";
import { type Backup, encodeBackup, parseBackup } from "./backup-file.ts";
import { readAuthorityState } from "./offline-status.ts";
import { withStateLock } from "./with-state-lock.ts";

/** A summary of a backup, or of a restored CA. */
export interface BackupSummary {
  readonly authorities: readonly string[];
  readonly rootFingerprint: string;
  readonly createdAt: Date;
  /** Whether the keys need a passphrase. */
  readonly encrypted: boolean;
}

const keyFile = "ca-key.pem";
const certificateFile = "ca-cert.pem";
const maxBackupBytes = 16 * 1024 * 1024;

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

type Files = Readonly<Record<string, string>>;

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

/** Whether an authority that no longer signs may still have its key, which a recall needs. */
function isRecallable({ stage, hasKey }: StoredAuthority): boolean {
  return hasKey && (stage === "retiring" || stage === "retired");
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

function isEncrypted(key: string): boolean {
  return key.startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----");
}

/**
 * Restores a backup into a state directory without a CA. The leaves that the CA issued after the backup are
 * unknown, so every authority stays trusted for the longest lifetime of a leaf.
 * @throws StateError `BACKUP_MALFORMED`; `STATE_IN_USE` if a CA already exists; `STATE_LOCKED`
 */
export async function restoreState(
  stateDirectory: string,
  file: string,
  o: { readonly now: Date; readonly maxTtlMs: number; readonly holder: LockHolder },
): Promise<BackupSummary> {
  const backup = parseBackup(await readBackup(file));
  const state = decodeBackupState(backup);
  return withStateLock(stateDirectory, o.holder, async (places) => {
    if (await showsFormerRoot(places)) {
      throw new StateError(
        "STATE_IN_USE",
        `${stateDirectory} already contains a CA: restore into an empty directory`,
      );
    }
    for (const { id } of state.authorities.filter(needsKey))
      await restoreAuthority(join(places.authorities, id), backup.authorities[id]);
    const authorities = await restoreRecallable(state, backup, places.authorities);
    const known = {
      ...state,
      authorities,
      requests: await restoreRequests(state, backup, places.authorities),
    };
    const restored = { ...coverUnknownLeaves(known, o.now, o.maxTtlMs), restoredAt: o.now };
    // The state is written last: with keys but without a state, the CA refuses to start and never creates a
    // new root.
    await ControlStore.open({
      directory: places.control,
      codec: { encode: encodeState, decode: decodeState },
      initial: () => restored,
      recover: (same) => same,
      logger: silent,
    });
    return summaryOf(restored, backup);
  });
}

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** Earlier releases did not back up the keys of authorities that no longer sign. */
async function restoreRecallable(
  { authorities }: AuthorityState,
  backup: Backup,
  directory: string,
): Promise<readonly StoredAuthority[]> {
  const restored = authorities.map(async (one) => {
    if (!isRecallable(one)) return one;
    const files = backup.authorities[one.id];
    if (files === undefined) return { ...one, hasKey: false };
    await restoreAuthority(join(directory, one.id), files);
    return one;
  });
  return Promise.all(restored);
}

/** Earlier releases did not back up the keys of outstanding CSRs, without which no chain can be adopted. */
async function restoreRequests(
  { requests }: AuthorityState,
  backup: Backup,
  directory: string,
): Promise<AuthorityState["requests"]> {
  const open = requests.open.filter(({ id }) => backup.authorities[id] !== undefined);
  for (const { id } of open) await restoreAuthority(join(directory, id), backup.authorities[id]);
  return { ...requests, open };
}

async function restoreAuthority(
  directory: string,
  files: Readonly<Record<string, string>> | undefined,
): Promise<void> {
  const [key, certificate] = [files?.[keyFile], files?.[certificateFile]];
  if (key === undefined || certificate === undefined) {
    throw new StateError(
      "BACKUP_MALFORMED",
      "cannot use the backup: the key of an authority in use is missing",
    );
  }
  await publishDirectory(directory, [
    { name: keyFile, bytes: key, mode: 0o600 },
    { name: certificateFile, bytes: certificate, mode: 0o644 },
  ]);
}

function decodeBackupState(backup: Backup): AuthorityState {
  try {
    return decodeState(backup.state);
  } catch (cause) {
    throw new StateError(
      "BACKUP_MALFORMED",
      "cannot use the backup: this release does not recognize its state",
      { cause },
    );
  }
}

async function readBackup(file: string): Promise<string> {
  const stats = await lstat(file).catch((cause: unknown) => {
    throw new StateError(
      "BACKUP_MALFORMED",
      `cannot read ${file}: ${errnoOf(cause) ?? "unexpected failure"}`,
      { cause },
    );
  });
  if (!stats.isFile() || stats.size > maxBackupBytes) {
    throw new StateError(
      "BACKUP_MALFORMED",
      `${file} is not a regular file of at most ${maxBackupBytes} bytes`,
    );
  }
  return readFile(file, { encoding: "utf8", flag: constants.O_RDONLY | constants.O_NOFOLLOW });
}

async function refuseExisting(file: string): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  if (found !== undefined)
    throw new StateError(
      "BACKUP_EXISTS",
      `${file} already exists: choose another file, as a backup never replaces one`,
    );
}

function summaryOf(state: AuthorityState, { createdAt, authorities }: Backup): BackupSummary {
  const keys = Object.values(authorities).map((files) => files[keyFile] ?? "");
  return {
    authorities: Object.keys(authorities),
    rootFingerprint: rootOf(state, state.signerId).certificate.fingerprint,
    createdAt,
    encrypted: keys.length > 0 && keys.every(isEncrypted),
  };
}
