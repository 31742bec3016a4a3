import { type Certificate, PkiError, parseCertificate, parsePrivateKey } from "@kasbah/pki";
import { maxAuthorityFileBytes } from "../../authorities/keys/authority-files.ts";
import {
  type AuthorityState,
  authorityOf,
  needsKey,
  rootOf,
} from "../../authorities/rotation/authority-state.ts";
import type { StoredAuthority } from "../../authorities/rotation/stored-authority.ts";
import { decodeState } from "../../authorities/state-codec.ts";
import { type Backup, certificateFile, type Files, isRecallable, keyFile, malformed } from "./file.ts";

/** A backup whose every part was checked, so that a restore writes all of it or nothing. */
export interface Restorable {
  readonly createdAt: Date;
  /** Without the keys and the requests that the backup does not contain. */
  readonly state: AuthorityState;
  /** The files of each authority and each outstanding request, by its id. */
  readonly authorities: Readonly<Record<string, Files>>;
}

/**
 * Checks a backup, which may come from anyone: its checksum has no key. Ids become paths, so the codec accepts
 * only ids that the CA gives. Fields, files and keys that the state does not name are ignored.
 *
 * @throws StateError `BACKUP_MALFORMED`
 */
export function checkBackup(backup: Backup): Restorable {
  const state = decodeBackupState(backup);
  checkReferences(state);
  const pairs = new Map<string, Files>();
  const take = (id: string, certificate?: Certificate) => {
    const files = backup.authorities[id];
    if (files === undefined) return false;
    pairs.set(id, checkPair(id, files, certificate));
    return true;
  };
  const takeKey = ({ id, certificate }: StoredAuthority) => take(id, certificate);
  const missing = state.authorities.filter(needsKey).find((one) => !takeKey(one));
  if (missing !== undefined) throw malformed(`the key of ${missing.id}, which is in use, is missing`);
  // Earlier releases did not back up the keys of authorities that no longer sign, and of outstanding CSRs.
  const authorities = state.authorities.map((one) =>
    isRecallable(one) && !takeKey(one) ? { ...one, hasKey: false } : one,
  );
  const open = state.requests.open.filter(({ id }) => take(id));
  const known = { ...state, authorities, requests: { ...state.requests, open } };
  return { createdAt: backup.createdAt, state: known, authorities: Object.fromEntries(pairs) };
}

function decodeBackupState(backup: Backup): AuthorityState {
  try {
    return decodeState(backup.state);
  } catch (cause) {
    throw malformed("this release does not recognize its state", cause);
  }
}

/** The CA looks authorities up by id, so each id must be there, and only once. */
function checkReferences(state: AuthorityState): void {
  const ids = [...state.authorities, ...state.requests.open].map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw malformed(`it contains ${twice} twice`);
  try {
    for (const { id } of state.authorities) rootOf(state, id);
    const { signerId, servingSignerId, rotation } = state;
    const named = [signerId, servingSignerId, rotation?.from, rotation?.to];
    for (const id of named) if (id !== undefined) authorityOf(state, id);
  } catch (cause) {
    throw malformed("its state refers to an authority that it does not contain", cause);
  }
}

function checkPair(id: string, files: Files, expected: Certificate | undefined): Files {
  const [key, pem] = [files[keyFile], files[certificateFile]];
  if (key === undefined || pem === undefined) throw malformed(`the key or certificate of ${id} is missing`);
  if (key.length > maxAuthorityFileBytes || pem.length > maxAuthorityFileBytes) {
    throw malformed(`a file of ${id} is longer than ${maxAuthorityFileBytes} bytes`);
  }
  const certificate = parseIn(id, () => parseCertificate(pem));
  if (expected !== undefined && !certificate.equals(expected)) {
    throw malformed(`the certificate of ${id} differs from the one in the state`);
  }
  const publicKey = parseIn(id, () => publicKeyOf(key));
  if (publicKey !== undefined && !certificate.publicKey.equals(publicKey)) {
    throw malformed(`the key and the certificate of ${id} do not match`);
  }
  return { [keyFile]: key, [certificateFile]: pem };
}

/** Undefined if the key is encrypted: the CA decrypts and checks it at its start. */
function publicKeyOf(key: string) {
  try {
    return parsePrivateKey(key).publicKey;
  } catch (error) {
    if (error instanceof PkiError && error.code === "KEY_ENCRYPTED") return undefined;
    throw error;
  }
}

function parseIn<T>(id: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw malformed(`a file of ${id} is not a key or certificate that the CA wrote`, cause);
  }
}
