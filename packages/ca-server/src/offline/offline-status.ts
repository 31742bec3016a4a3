import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AuthorityStatusMessage } from "@kasbah/protocol";
import { createHoldersGate } from "../authorities/fixed-roots/holders-gate.ts";
import { authorityStatusOf } from "../authorities/report.ts";
import { type AuthorityState, rootOf } from "../authorities/rotation/authority-state.ts";
import { timeGate } from "../authorities/rotation/gates/rotation-gate.ts";
import { decodeState } from "../authorities/state-codec.ts";
import { StateError } from "../errors.ts";
import { movedMark, parseMark } from "../ownership/mark.ts";
import { readControlState } from "../store/control/files.ts";
import { stateDirectoryAt } from "../store/state-directory.ts";

/**
 * Reads the status of the authorities from disk alone, because the CA may be stopped.
 *
 * @throws StateError `STATE_MISSING`, `STATE_DAMAGED`, `STATE_CONFLICT` if the CA was moved elsewhere
 */
export async function readOfflineStatus(stateDirectory: string, now: Date): Promise<AuthorityStatusMessage> {
  const state = await readAuthorityState(stateDirectory);
  const context = {
    trustDomain: trustDomainOf(state),
    automatic: true,
    gate: createHoldersGate(timeGate),
    now,
  };
  return authorityStatusOf(state, context);
}

/** @throws StateError `STATE_MISSING`, `STATE_DAMAGED` */
export async function readAuthorityState(stateDirectory: string): Promise<AuthorityState> {
  const { control } = stateDirectoryAt(stateDirectory);
  const value = await readControlState(control).catch(async (error: unknown) => {
    throw (await movedAwayFrom(stateDirectory, control)) ?? error;
  });
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
export function trustDomainOf(state: AuthorityState): string {
  const { subject } = new X509Certificate(rootOf(state, state.signerId).certificate.der);
  return /^O=(.*)$/m.exec(subject ?? "")?.[1] ?? "";
}

/** The CA moved to another place, so this directory has no control state. */
async function movedAwayFrom(directory: string, control: string): Promise<StateError | undefined> {
  const path = join(control, movedMark);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { place } = parseMark(text, path);
  return new StateError("STATE_CONFLICT", `the CA was moved from ${directory} to ${place}: look there`);
}
