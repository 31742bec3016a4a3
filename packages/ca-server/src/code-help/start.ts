import type { CodeHelp } from "@kasbah/runtime";
import type { StateErrorCode } from "../errors.ts";

const atStart = { section: "The CA does not start", exit: 1, level: "error" } as const;
const command = { section: "The command kasbah", exit: 1 } as const;

/** Why the CA does not start. Some of these codes also appear while it runs. */
export const startHelp = {
  STATE_MISSING: {
    ...atStart,
    cause: "the control state is missing although keys exist that were in use",
    fix: "restore `control/` together with `authorities/`, or a [backup](backup.md), or the [Secret](install.md#where-the-keys-are), or follow [the runbook](runbooks/lost-state.md); clients would not trust a new root",
  },
  STATE_DAMAGED: {
    ...atStart,
    cause: "no generation of the control state is readable, or a later release wrote it",
    fix: "restore a backup, or follow [the runbook](runbooks/lost-state.md); run the release that the message names",
  },
  STATE_NOT_DURABLE: {
    ...atStart,
    cause:
      "the state directory cannot be written or locked; in a running CA a transition was not made and nothing changed",
    fix: "[free space](runbooks/disk-full.md) or repair the disk; the CA retries",
  },
  STATE_CONFLICT: {
    ...atStart,
    cause:
      "the state directory and the Secret contain different roots, or the CA was moved from one to the other; the message contains both fingerprints or places. In a running replica: another replica moved the CA",
    fix: "[two roots](install.md#two-roots): name the root that the workloads trust with `--state-root`; after a move, start the CA where it is",
  },
  STATE_LOCKED: {
    ...atStart,
    cause: "another process uses the state directory",
    fix: "stop it, or choose another `--state-dir`",
  },
  AUTHORITY_INCOMPLETE: {
    ...atStart,
    cause: "the key or the certificate of an authority in use is missing",
    fix: "restore `authorities/`, or [replace the lost key](runbooks/lost-state.md)",
  },
  AUTHORITY_MALFORMED: {
    ...atStart,
    cause: "a file of an authority is malformed",
    fix: "restore it",
  },
  AUTHORITY_KEY_EXPOSED: {
    ...atStart,
    cause:
      "other users can read a key or the passphrase. Mode 0440 is accepted if the group is one of the CA's",
    fix: "`chmod 600`, and consider who may have read it",
  },
  AUTHORITY_MISMATCH: {
    ...atStart,
    cause:
      "key and certificate do not match each other or the state, or the root is for another trust domain",
    fix: "restore everything from one backup, or set `--trust-domain`",
  },
  PLUGGED_IN_INCOMPLETE: {
    ...atStart,
    cause:
      "a file of `--root-ca-dir`, or all of them, or the Secret of `--take-over-secret` is missing. The message lists what was found. A running CA keeps using the previous set",
    fix: "correct the path, the mount or the name, or add the file: [the files](plugged-in.md)",
  },
  PLUGGED_IN_REJECTED: {
    ...atStart,
    cause:
      "the CA in `--root-ca-dir` breaks the rule that the message names. A running CA keeps using the previous set",
    fix: "fix it",
  },
  REHEARSAL_FAILED: {
    ...atStart,
    cause:
      "clients would reject certificates under the CA in `--root-ca-dir`, or under an authority that the CA created; the message names the certificate and what clients would reject. A running CA keeps using the previous one",
    fix: "reissue it: [the rehearsal](plugged-in.md#the-rehearsal); `kasbah authority try` tries it anywhere",
  },
  KEY_PASSPHRASE_MISSING: {
    ...atStart,
    cause: "a key is encrypted and no passphrase is configured, or its file cannot be read",
    fix: "set `--key-passphrase-file`, or correct it",
  },
  KEY_PASSPHRASE_WRONG: {
    ...atStart,
    cause: "the passphrase does not decrypt the key, or the key file is damaged",
    fix: "the message names the key; fix the passphrase file, or restore the key",
  },
  STATE_IN_USE: {
    ...command,
    cause: "`restore` only fills empty state directories",
    fix: "choose another `--state-dir`",
  },
  BACKUP_EXISTS: { ...command, cause: "`backup` never replaces a file", fix: "name a new file" },
  BACKUP_MALFORMED: {
    ...command,
    cause:
      "the file is not a backup, was truncated or altered, or contains a key, certificate or id that the CA would not write. Nothing was written",
    fix: "use another copy of the backup",
  },
} satisfies Record<StateErrorCode, CodeHelp>;
