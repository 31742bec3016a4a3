import { constants } from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, publishDirectory, writeFileDurably } from "@kasbah/runtime";
import { AuthorityKeys } from "../authorities/authority-keys.ts";
import { type AuthorityState, rootOf } from "../authorities/authority-state.ts";
import { coverUnknownLeaves } from "../authorities/leaf-horizon.ts";
import { readPassphrase } from "../authorities/passphrase.ts";
import { decodeState, encodeState } from "../authorities/state-codec.ts";
import { StateError } from "../errors.ts";
import { ControlStore } from "../store/control-store.ts";
import { DirectoryLock, type LockHolder } from "../store/directory-lock.ts";
import { prepareStateDirectory, showsFormerRoot, stateDirectoryAt } from "../store/state-directory.ts";
import { type Backup, encodeBackup, parseBackup } from "./backup-file.ts";
import { readAuthorityState } from "./offline-status.ts";

/** What a backup holds, or a restored CA has. */
export interface BackupSummary {
  readonly authorities: readonly string[];
  readonly rootFingerprint: string;
  readonly createdAt: Date;
  /** Whether its keys need a passphrase. */
  readonly encrypted: boolean;
}

const keyFile = "ca-key.pem";
const certificateFile = "ca-cert.pem";
const maxBackupBytes = 16 * 1024 * 1024;

/**
 * Writes the keys, certificates and state of a CA, running or stopped, to a new file of mode 0600. The ledger is not in it.
 *
 * @throws StateError when the state can not be read; `BACKUP_EXISTS` rather than replace a file
 */
export async function backupState(
  stateDirectory: string,
  file: string,
  { now, passphraseFile }: { readonly now: Date; readonly passphraseFile: string | undefined },
): Promise<BackupSummary> {
  await refuseExisting(file);
  const state = await readAuthorityState(stateDirectory);
  const passphrase = await readPassphrase(passphraseFile);
  const { authorities: directory } = stateDirectoryAt(stateDirectory);
  const keys = new AuthorityKeys({ directory, passphrase });
  const authorities: Record<string, Record<string, string>> = {};
  for (const record of inUse(state)) {
    if (passphrase !== undefined) await keys.load(record);
    const read = (name: string) => readFile(join(directory, record.id, name), "utf8");
    authorities[record.id] = {
      [keyFile]: await read(keyFile),
      [certificateFile]: await read(certificateFile),
    };
  }
  const backup = { createdAt: now, state: encodeState(state), authorities };
  await writeFileDurably(file, encodeBackup(backup), 0o600);
  return summaryOf(state, backup);
}

/**
 * Puts a backup into a state directory that holds no CA. Its serials are random, so none comes again; leaves issued after
 * the backup are not known, so every authority stays trusted as long as the longest of them could live.
 *
 * @throws StateError `BACKUP_MALFORMED`; `STATE_IN_USE` when there is a CA already; `STATE_LOCKED`
 */
export async function restoreState(
  stateDirectory: string,
  file: string,
  o: { readonly now: Date; readonly maxTtlMs: number; readonly holder: LockHolder },
): Promise<BackupSummary> {
  const backup = parseBackup(await readBackup(file));
  const state = decodeBackupState(backup);
  const places = await prepareStateDirectory(stateDirectory);
  const lock = new DirectoryLock(places.root, o.holder);
  await lock.start();
  try {
    if (await showsFormerRoot(places)) {
      throw new StateError(
        "STATE_IN_USE",
        `${stateDirectory} holds a CA already: restore into an empty directory`,
      );
    }
    for (const { id } of inUse(state))
      await restoreAuthority(join(places.authorities, id), backup.authorities[id]);
    const restored = { ...coverUnknownLeaves(state, o.now, o.maxTtlMs), restoredAt: o.now };
    // The state comes last: keys without it refuse to start, and never make a new root.
    await ControlStore.open({
      directory: places.control,
      codec: { encode: encodeState, decode: decodeState },
      initial: () => restored,
      recover: (same) => same,
      logger: silent,
    });
    return summaryOf(restored, backup);
  } finally {
    await lock.stop();
  }
}

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

function inUse(state: AuthorityState) {
  return state.authorities.filter(({ stage, hasKey }) => stage !== "retired" && hasKey);
}

async function restoreAuthority(
  directory: string,
  files: Readonly<Record<string, string>> | undefined,
): Promise<void> {
  const [key, certificate] = [files?.[keyFile], files?.[certificateFile]];
  if (key === undefined || certificate === undefined) {
    throw new StateError(
      "BACKUP_MALFORMED",
      "the backup can not be used: it lacks the key of an authority in use",
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
      "the backup can not be used: its state is not what this release writes",
      { cause },
    );
  }
}

async function readBackup(file: string): Promise<string> {
  const stats = await lstat(file).catch((cause: unknown) => {
    throw new StateError(
      "BACKUP_MALFORMED",
      `${file} can not be read: ${errnoOf(cause) ?? "unexpected failure"}`,
      { cause },
    );
  });
  if (!stats.isFile() || stats.size > maxBackupBytes) {
    throw new StateError("BACKUP_MALFORMED", `${file} is no file of at most ${maxBackupBytes} bytes`);
  }
  return readFile(file, { encoding: "utf8", flag: constants.O_RDONLY | constants.O_NOFOLLOW });
}

async function refuseExisting(file: string): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  if (found !== undefined)
    throw new StateError("BACKUP_EXISTS", `${file} exists: a backup never replaces a file`);
}

function summaryOf(state: AuthorityState, { createdAt, authorities }: Backup): BackupSummary {
  const keys = Object.values(authorities).map((files) => files[keyFile] ?? "");
  return {
    authorities: Object.keys(authorities),
    rootFingerprint: rootOf(state, state.signerId).certificate.fingerprint,
    createdAt,
    encrypted:
      keys.length > 0 && keys.every((key) => key.startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----")),
  };
}
