import { type AuthorityState, authorityOf } from "../rotation/authority-state.ts";
import type { StoredAuthority } from "../rotation/stored-authority.ts";
import type { PluggedInSet } from "./load-set.ts";

/**
 * Describes how the operator's files differ from the authority that signs; undefined if they agree. An
 * operator who has replaced a stolen key must not believe that the new one signs before it does.
 */
export function differenceFrom(
  state: AuthorityState,
  set: PluggedInSet,
  directory: string,
): string | undefined {
  const signer = authorityOf(state, state.signerId);
  const successor = comingSigner(state);
  const isInFiles = ({ certificate }: StoredAuthority) =>
    certificate.fingerprint === set.signer.certificate.fingerprint;
  if (isInFiles(signer)) {
    if (successor === undefined || isInFiles(successor)) return undefined;
    return `the files in ${directory} hold ${signer.id}, but a rotation to ${nameOf(successor)} is in progress: abort it to keep ${signer.id}`;
  }
  const found = shortFingerprint(set.signer.certificate.fingerprint);
  const why = reasonOf(state, successor !== undefined && isInFiles(successor) ? successor : undefined, set);
  return `the files in ${directory} hold another CA (SHA-256 ${found}) than ${nameOf(signer)}, which signs: ${why}`;
}

function reasonOf(state: AuthorityState, successor: StoredAuthority | undefined, set: PluggedInSet): string {
  const { rotation, hold, pluggedInDigest } = state;
  if (successor !== undefined) return `the rotation to ${successor.id} is in stage ${rotation?.stage}`;
  if (set.digest === pluggedInDigest) return "the operator returned to it; change the files to try again";
  if (hold === "all") return "rotations are paused; resume them with kasbah authority resume";
  return "it is waiting for the end of the rotation in progress, or until its files are valid";
}

function comingSigner(state: AuthorityState): StoredAuthority | undefined {
  const { rotation, signerId } = state;
  return rotation === undefined || rotation.to === signerId ? undefined : authorityOf(state, rotation.to);
}

function nameOf({ id, certificate }: StoredAuthority): string {
  return `${id} (SHA-256 ${shortFingerprint(certificate.fingerprint)})`;
}

/** As in `kasbah authority list`. */
function shortFingerprint(fingerprint: string): string {
  return fingerprint.slice(0, 16);
}
