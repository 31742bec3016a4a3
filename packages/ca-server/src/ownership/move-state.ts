import { StateError } from "../errors.ts";
import { signingRootOf, stateOf, verifyCopy } from "./ca-identity.ts";
import type { PlaceContent, StatePlace, StoredCa } from "./place.ts";

/** A completed move. */
export interface MovedState {
  readonly from: string;
  readonly to: string;
  readonly rootFingerprint: string;
}

/**
 * Moves a CA from one place to another. The copy is verified before the source is marked, and the mark is
 * durable before the copy takes effect, so at most one place owns the CA at any moment, and the two together
 * always hold it completely. After a crash the next call continues.
 *
 * @throws StateError `STATE_CONFLICT` if the destination holds another CA, `STATE_MISSING` if the source
 * holds none, `STATE_NOT_DURABLE`
 */
export async function moveState(source: StatePlace, destination: StatePlace): Promise<MovedState> {
  const [from, to] = [await source.read(), await destination.read()];
  if (from.kind === "owner") await copyVerified(from.ca, to, source, destination);
  else if (!isResumable(from, to, destination)) throw nothingToMove(from, source, destination);
  return finishMove(source, destination);
}

/** Continues after the mark: the source no longer owns the CA. */
export async function finishMove(source: StatePlace, destination: StatePlace): Promise<MovedState> {
  await destination.commit();
  const { kind, ...rest } = await destination.read();
  if (kind !== "owner" || !("ca" in rest)) {
    throw new StateError("STATE_NOT_DURABLE", `cannot read the CA back from ${destination.name}: try again`);
  }
  const state = stateOf(rest.ca, destination.name);
  verifyCopy(rest.ca, rest.ca, destination.name);
  await source.erase();
  return {
    from: source.name,
    to: destination.name,
    rootFingerprint: signingRootOf(state).fingerprint,
  };
}

async function copyVerified(
  ca: StoredCa,
  found: PlaceContent,
  source: StatePlace,
  destination: StatePlace,
): Promise<void> {
  if (found.kind === "owner") throw occupied(ca, found.ca, source, destination);
  verifyCopy(ca, ca, source.name);
  await destination.stage(source.name, ca);
  const copy = await destination.read();
  if (copy.kind !== "arriving") {
    throw new StateError("STATE_NOT_DURABLE", `cannot read the copy in ${destination.name} back: try again`);
  }
  verifyCopy(ca, copy.ca, destination.name);
  await source.retire(destination.name);
}

/** The source was marked by an earlier call, and its copy is complete. */
function isResumable(from: PlaceContent, to: PlaceContent, destination: StatePlace): boolean {
  if (from.kind !== "moved" || from.to !== destination.name) return false;
  return to.kind === "arriving" || to.kind === "owner";
}

function nothingToMove(from: PlaceContent, source: StatePlace, destination: StatePlace): StateError {
  if (from.kind === "moved" && from.to !== destination.name) {
    return new StateError(
      "STATE_CONFLICT",
      `the CA was moved from ${source.name} to ${from.to}: name that place instead of ${destination.name}, or move the CA back first`,
    );
  }
  if (from.kind === "moved") {
    return new StateError(
      "STATE_MISSING",
      `the CA was moved from ${source.name} to ${from.to}, but is not there: restore ${from.to} from a backup`,
    );
  }
  if (from.kind === "arriving") {
    return new StateError(
      "STATE_MISSING",
      `a move from ${from.from} to ${source.name} was interrupted: complete it first, in the same direction`,
    );
  }
  return new StateError("STATE_MISSING", `${source.name} contains no CA to move`);
}

function occupied(ca: StoredCa, other: StoredCa, source: StatePlace, destination: StatePlace): StateError {
  const [ours, theirs] = [
    signingRootOf(stateOf(ca, source.name)).fingerprint,
    signingRootOf(stateOf(other, destination.name)).fingerprint,
  ];
  return new StateError(
    "STATE_CONFLICT",
    `${destination.name} already contains a CA (root ${theirs}), and ${source.name} contains root ${ours}: choose an empty destination`,
  );
}
