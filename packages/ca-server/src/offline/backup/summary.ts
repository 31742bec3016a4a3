import { type AuthorityState, rootOf } from "../../authorities/rotation/authority-state.ts";
import { type Backup, keyFile } from "./file.ts";

/** A summary of a backup, or of a restored CA. */
export interface BackupSummary {
  readonly authorities: readonly string[];
  readonly rootFingerprint: string;
  readonly createdAt: Date;
  /** Whether the keys need a passphrase. */
  readonly encrypted: boolean;
}

export function summaryOf(
  state: AuthorityState,
  { createdAt, authorities }: Pick<Backup, "createdAt" | "authorities">,
): BackupSummary {
  const keys = Object.values(authorities).map((files) => files[keyFile] ?? "");
  return {
    authorities: Object.keys(authorities),
    rootFingerprint: rootOf(state, state.signerId).certificate.fingerprint,
    createdAt,
    encrypted: keys.length > 0 && keys.every(isEncrypted),
  };
}

export function isEncrypted(key: string): boolean {
  return key.startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----");
}
