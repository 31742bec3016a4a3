import { isDeepStrictEqual } from "node:util";
import { type Certificate, parseCertificate } from "@kasbah/pki";
import { type AuthorityState, needsKey, rootOf } from "../authorities/rotation/authority-state.ts";
import { decodeState } from "../authorities/state-codec.ts";
import { StateError } from "../errors.ts";
import type { CaState, StoredCa } from "./place.ts";

/** @throws StateError `STATE_DAMAGED` if this release does not recognize the state */
export function stateOf({ state }: CaState, place: string): AuthorityState {
  try {
    return decodeState(state);
  } catch (cause) {
    throw new StateError("STATE_DAMAGED", `this release does not recognize the state in ${place}`, { cause });
  }
}

/** The root under which a CA issues. */
export function signingRootOf(state: AuthorityState): Certificate {
  return rootOf(state, state.signerId).certificate;
}

/** Whether two states belong to one CA: one of them knows the root under which the other one issues. */
export function isSameCa(one: AuthorityState, other: AuthorityState): boolean {
  return knowsRoot(one, signingRootOf(other).fingerprint) || knowsRoot(other, signingRootOf(one).fingerprint);
}

export function knowsRoot({ authorities }: AuthorityState, fingerprint: string): boolean {
  return authorities.some(({ certificate }) => certificate.fingerprint === fingerprint);
}

/**
 * Checks that a copy is identical to its source, and that it contains the key of every authority in use.
 * @throws StateError `STATE_NOT_DURABLE` if they differ, `AUTHORITY_INCOMPLETE`
 */
export function verifyCopy(source: StoredCa, copy: StoredCa, place: string): void {
  if (!isDeepStrictEqual(copy.state, source.state) || !isDeepStrictEqual(copy.files, source.files)) {
    throw new StateError("STATE_NOT_DURABLE", `${place} does not contain what was written to it: try again`);
  }
  for (const { id, certificate } of stateOf(copy, place).authorities.filter(needsKey)) {
    const files = copy.files.get(id);
    if (files?.key !== undefined && sameCertificate(files.certificate, certificate)) continue;
    throw new StateError(
      "AUTHORITY_INCOMPLETE",
      `the key of ${id} in ${place} is missing or has another certificate: restore it from a backup first`,
    );
  }
}

function sameCertificate(pem: string, certificate: Certificate): boolean {
  return parseCertificate(pem).fingerprint === certificate.fingerprint;
}
