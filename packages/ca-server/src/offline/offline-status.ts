import { X509Certificate } from "node:crypto";
import type { AuthorityStatusMessage } from "@kasbah/protocol";
import { authorityStatusOf } from "../authorities/report.ts";
import { type AuthorityState, rootOf } from "../authorities/rotation/authority-state.ts";
import { timeGate } from "../authorities/rotation/rotation-gate.ts";
import { decodeState } from "../authorities/state-codec.ts";
import { StateError } from "../errors.ts";
import { readControlState } from "../store/control/files.ts";
import { stateDirectoryAt } from "../store/state-directory.ts";

/**
 * Reads the status of the authorities from disk alone, because the CA may be stopped.
 *
 * @throws StateError `STATE_MISSING`, `STATE_DAMAGED`
 */
export async function readOfflineStatus(stateDirectory: string, now: Date): Promise<AuthorityStatusMessage> {
  const state = await readAuthorityState(stateDirectory);
  const context = { trustDomain: trustDomainOf(state), automatic: true, gate: timeGate, now };
  return authorityStatusOf(state, context);
}

/** @throws StateError `STATE_MISSING`, `STATE_DAMAGED` */
export async function readAuthorityState(stateDirectory: string): Promise<AuthorityState> {
  const { control } = stateDirectoryAt(stateDirectory);
  const value = await readControlState(control);
  let state: AuthorityState;
  try {
    state = decodeState(value);
  } catch (cause) {
    throw new StateError("STATE_DAMAGED", `this release does not recognize the state in ${control}`, {
      cause,
    });
  }
  if (state.authorities.length > 0) return state;
  throw new StateError(
    "STATE_MISSING",
    `${stateDirectory} contains no authority yet: start the CA, or run kasbah init`,
  );
}

/** The CA names its roots after their trust domain, as Istio does; other roots may have any name. */
function trustDomainOf(state: AuthorityState): string {
  const { subject } = new X509Certificate(rootOf(state, state.signerId).certificate.der);
  return /^O=(.*)$/m.exec(subject ?? "")?.[1] ?? "";
}
