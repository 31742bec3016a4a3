import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, publishDirectory } from "@kasbah/runtime";
import { coverUnknownLeaves } from "../../authorities/rotation/leaf-horizon.ts";
import { decodeState, encodeState } from "../../authorities/state-codec.ts";
import { StateError } from "../../errors.ts";
import { ControlStore } from "../../store/control/control-store.ts";
import { holdsControlState } from "../../store/control/files.ts";
import type { LockHolder } from "../../store/directory-lock.ts";
import { type StateDirectory, showsFormerRoot } from "../../store/state-directory.ts";
import { withStateLock } from "../with-state-lock.ts";
import { certificateFile, type Files, keyFile, malformed, parseBackup } from "./file.ts";
import { checkBackup } from "./restorable.ts";
import { type BackupSummary, summaryOf } from "./summary.ts";

const maxBackupBytes = 16 * 1024 * 1024;

/**
 * Restores a backup into a state directory without a CA. Every part of the backup is checked before anything is
 * written. The leaves that the CA issued after the backup are unknown, so every authority stays trusted for the
 * longest lifetime of a leaf.
 * @throws StateError `BACKUP_MALFORMED`; `STATE_IN_USE` if a CA already exists; `STATE_LOCKED`
 */
export async function restoreState(
  stateDirectory: string,
  file: string,
  o: { readonly now: Date; readonly maxTtlMs: number; readonly holder: LockHolder },
): Promise<BackupSummary> {
  const backup = checkBackup(parseBackup(await readBackup(file)));
  const restored = { ...coverUnknownLeaves(backup.state, o.now, o.maxTtlMs), restoredAt: o.now };
  const summary = summaryOf(restored, backup);
  return withStateLock(stateDirectory, o.holder, async (places) => {
    if (await isInUse(places)) throw inUse(stateDirectory);
    for (const [id, files] of Object.entries(backup.authorities)) {
      if (!(await publishFiles(join(places.authorities, id), files))) throw inUse(stateDirectory);
    }
    // The state is written last: with keys but without a state, the CA refuses to start and never creates a
    // new root.
    await ControlStore.open({
      directory: places.control,
      codec: { encode: encodeState, decode: decodeState },
      initial: () => restored,
      recover: (same) => same,
      logger: silent,
    });
    return summary;
  });
}

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** A control state alone also counts: it would replace the restored one. */
async function isInUse(places: StateDirectory): Promise<boolean> {
  return (await showsFormerRoot(places)) || (await holdsControlState(places.control));
}

function inUse(stateDirectory: string): StateError {
  return new StateError(
    "STATE_IN_USE",
    `${stateDirectory} already contains a CA: restore into an empty directory`,
  );
}

function publishFiles(directory: string, files: Files): Promise<boolean> {
  return publishDirectory(directory, [
    { name: keyFile, bytes: files[keyFile] ?? "", mode: 0o600 },
    { name: certificateFile, bytes: files[certificateFile] ?? "", mode: 0o644 },
  ]);
}

async function readBackup(file: string): Promise<string> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(file, flags).catch((cause: unknown) => {
    const reason = errnoOf(cause) ?? "unexpected failure";
    throw malformed(`cannot read ${file}: ${reason}`, cause);
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > maxBackupBytes) {
      throw malformed(`${file} is not a regular file of at most ${maxBackupBytes} bytes`);
    }
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}
