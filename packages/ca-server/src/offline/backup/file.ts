import { createHash } from "node:crypto";
import type { StoredAuthority } from "../../authorities/rotation/stored-authority.ts";
import { StateError } from "../../errors.ts";

/** The files of one authority, by name. */
export type Files = Readonly<Record<string, string>>;

export const keyFile = "ca-key.pem";
export const certificateFile = "ca-cert.pem";

/** Everything that a CA needs to continue elsewhere, except its ledger. */
export interface Backup {
  readonly createdAt: Date;
  /** The control state, as in its file. */
  readonly state: unknown;
  /** The files of each authority in use, by authority id and file name. */
  readonly authorities: Readonly<Record<string, Files>>;
}

/** Whether an authority that no longer signs may still have its key, which a recall needs. */
export function isRecallable({ stage, hasKey }: StoredAuthority): boolean {
  return hasKey && (stage === "retiring" || stage === "retired");
}

const format = "kasbah-backup";
const version = 1;

/**
 * Encodes the backup as one JSON document with a checksum, so that a truncated or altered file is detected.
 */
export function encodeBackup({ createdAt, state, authorities }: Backup): string {
  const content = { createdAt: createdAt.toISOString(), state, authorities };
  return `${JSON.stringify({ format, version, ...content, checksum: checksumOf(content) }, undefined, 2)}\n`;
}

/** @throws StateError `BACKUP_MALFORMED` */
export function parseBackup(text: string): Backup {
  const fields = parseObject(text);
  if (fields["format"] !== format) throw malformed("it is not a backup that kasbah created");
  if (fields["version"] !== version)
    throw malformed(`it has version ${String(fields["version"])}, expected ${version}`);
  const { createdAt, state, authorities, checksum } = fields;
  if (checksum !== checksumOrNone({ createdAt, state, authorities }))
    throw malformed("its checksum does not match: it was truncated or altered");
  if (typeof createdAt !== "string" || !isRecordOf(authorities, (files) => isRecordOf(files, isText))) {
    throw malformed("a field has the wrong type");
  }
  const created = new Date(createdAt);
  if (Number.isNaN(created.getTime())) throw malformed("it has no time");
  return { createdAt: created, state, authorities };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecordOf(value, (_: unknown): _ is unknown => true)) return value;
  } catch {
    // The parser's message would quote the file, which contains keys, so the error below replaces it.
  }
  throw malformed("it is not a JSON object");
}

function isRecordOf<T>(
  value: unknown,
  isMember: (member: unknown) => member is T,
): value is Record<string, T> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isMember)
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function checksumOf(content: { createdAt: unknown; state: unknown; authorities: unknown }): string {
  const { createdAt, state, authorities } = content;
  return createHash("sha256")
    .update(JSON.stringify([createdAt, state, authorities]))
    .digest("hex");
}

/** JSON that is nested too deeply to be written again overflows the stack. No backup of a CA is. */
function checksumOrNone(content: Parameters<typeof checksumOf>[0]): string | undefined {
  try {
    return checksumOf(content);
  } catch {
    return undefined;
  }
}

/** The reason never contains more of the backup than an id, because it contains keys. */
export function malformed(reason: string, cause?: unknown): StateError {
  return new StateError("BACKUP_MALFORMED", `cannot use the backup: ${reason}`, { cause });
}
