import type { AuthorityState } from "../authorities/rotation/authority-state.ts";
import { StateError } from "../errors.ts";
import { isSameCa, knowsRoot, signingRootOf, stateOf } from "./ca-identity.ts";
import type { CaState, PlaceContent } from "./place.ts";

/** What a replica knows at its start. */
export interface OwnerFacts {
  /** The state directory; an error if it cannot be read. */
  readonly directory: PlaceContent<CaState> | StateError;
  readonly secret: PlaceContent<CaState>;
  readonly directoryName: string;
  readonly secretName: string;
  /** Whether a root was in use in this directory. */
  readonly hadRoot: boolean;
  /** The roots that this replica published last, by fingerprint. */
  readonly published: readonly string[];
  /** False for replicas that wait until the first one of their set has created the CA. */
  readonly mayCreate: boolean;
  /** The fingerprint of the root that the operator named. */
  readonly stateRoot: string | undefined;
  /** A root that this installation published, and that its Secret held; undefined if there is none. */
  readonly lostRoot: string | undefined;
}

/** The place that a replica uses. `finish` completes an interrupted move first. */
export type OwnerChoice =
  | {
      readonly kind: "secret";
      readonly finish: boolean;
      readonly isNew: boolean;
      readonly warnings: readonly string[];
    }
  | { readonly kind: "directory"; readonly finish: boolean; readonly warnings: readonly string[] }
  /** Another replica must act first. */
  | { readonly kind: "wait"; readonly reason: string };

const useSecret = {
  kind: "secret",
  finish: false,
  isNew: false,
  warnings: [],
} as const satisfies OwnerChoice;

/**
 * Decides between the state directory and the Secret. A root that is in use in one place is never replaced by
 * the root of the other one, and a new root is created only if neither place shows that one existed.
 *
 * @throws StateError `STATE_CONFLICT`, `STATE_MISSING`, `STATE_DAMAGED`
 */
export function chooseOwner(facts: OwnerFacts): OwnerChoice {
  const { secret } = facts;
  if (secret.kind === "owner") return besideOwner(stateOf(secret.ca, facts.secretName), facts);
  const { directory } = facts;
  if (directory instanceof StateError) throw directory;
  if (secret.kind === "arriving") return besideArriving(secret, directory, facts);
  if (secret.kind === "moved") return besideMoved(secret, directory, facts);
  return besideEmpty(directory, facts);
}

/** The Secret owns a CA: it must be the one of the directory, if that has one. */
function besideOwner(shared: AuthorityState, facts: OwnerFacts): OwnerChoice {
  const { directory, stateRoot, published, secretName, directoryName } = facts;
  const root = signingRootOf(shared).fingerprint;
  const isNamed = stateRoot !== undefined && knowsRoot(shared, stateRoot);
  // This replica has already worked with the Secret, so the rest of its volume does not matter.
  const isKnown = isNamed || published.some((fingerprint) => knowsRoot(shared, fingerprint));
  if (directory instanceof StateError) {
    if (isKnown) return useSecret;
    throw directory;
  }
  if (directory.kind !== "owner") {
    if (stateRoot === undefined || isNamed) return { ...useSecret, finish: isLeft(directory, shared, facts) };
    throw conflict(
      `${secretName} contains root ${root}, but --state-root names ${stateRoot}: remove the flag if the CA has replaced that root since; else name another Secret`,
    );
  }
  const own = stateOf(directory.ca, directoryName);
  const ownRoot = signingRootOf(own).fingerprint;
  const stale = `${directoryName} also contains a CA (root ${ownRoot}), which is not used: ${secretName} owns the CA`;
  if (stateRoot === undefined ? isKnown || isSameCa(own, shared) : isNamed) {
    return { ...useSecret, warnings: [stale] };
  }
  if (stateRoot !== undefined && knowsRoot(own, stateRoot)) {
    const warning = `${secretName} contains another CA (root ${root}); this replica uses root ${ownRoot} in ${directoryName}, which --state-root names: name an empty Secret, then run kasbah authority move --to-secret`;
    return { kind: "directory", finish: false, warnings: [warning] };
  }
  throw conflict(
    `${directoryName} contains root ${ownRoot}, but ${secretName} contains root ${root}: start every replica with --state-root=<the fingerprint of the root that the workloads trust> (docs/install.md, "Two roots")`,
  );
}

/** Whether the CA was moved from the directory to the Secret. A kill may have left its keys in the directory. */
function isLeft(directory: PlaceContent<CaState>, shared: AuthorityState, facts: OwnerFacts): boolean {
  if (directory.kind !== "moved" || directory.to !== facts.secretName) return false;
  const left = stateOf(directory.ca, facts.directoryName);
  return isSameCa(left, shared) && shared.epoch >= left.epoch;
}

/** An older copy does not make the keys in the other place superfluous. */
function isAsNew(own: CaState, left: CaState, { directoryName, secretName }: OwnerFacts): boolean {
  return stateOf(own, directoryName).epoch >= stateOf(left, secretName).epoch;
}

function besideArriving(
  secret: PlaceContent<CaState> & { readonly kind: "arriving" },
  directory: PlaceContent<CaState>,
  facts: OwnerFacts,
): OwnerChoice {
  const { secretName, directoryName } = facts;
  const isSame =
    "ca" in directory && isSameCa(stateOf(directory.ca, directoryName), stateOf(secret.ca, secretName));
  if (directory.kind === "moved" && isSame) return { ...useSecret, finish: true };
  const again = `a move from ${secret.from} to ${secretName} was interrupted: run kasbah authority move --to-secret there again`;
  if (directory.kind === "owner" && facts.mayCreate) return onDirectory(again);
  return { kind: "wait", reason: again };
}

function besideMoved(
  secret: PlaceContent<CaState> & { readonly kind: "moved" },
  directory: PlaceContent<CaState>,
  facts: OwnerFacts,
): OwnerChoice {
  const { directoryName, secretName } = facts;
  const isSame =
    "ca" in directory && isSameCa(stateOf(directory.ca, directoryName), stateOf(secret.ca, secretName));
  const warning = `the CA was moved from ${secretName} to ${secret.to}: ${moveToShare}`;
  if (isSame && directory.kind === "arriving")
    return { kind: "directory", finish: true, warnings: [warning] };
  if (isSame && directory.kind === "owner") {
    const isWhole = secret.to === directoryName && isAsNew(directory.ca, secret.ca, facts);
    return { ...onDirectory(warning), finish: isWhole };
  }
  if (directory.kind === "owner") {
    throw conflict(
      `${directoryName} contains another root than the CA that was moved from ${secretName} to ${secret.to}: name another Secret with --state-secret`,
    );
  }
  return { kind: "wait", reason: warning };
}

function besideEmpty(directory: PlaceContent<CaState>, facts: OwnerFacts): OwnerChoice {
  const { secretName, directoryName, hadRoot, mayCreate, stateRoot, lostRoot } = facts;
  switch (directory.kind) {
    case "owner":
      if (mayCreate)
        return onDirectory(`${secretName} does not exist, so ${directoryName} owns the CA: ${moveToShare}`);
      return waitForFirst(secretName);
    case "moved":
      throw missing(
        `${secretName} is missing, but the CA was moved from ${directoryName} to ${directory.to}: restore it from a backup`,
      );
    case "arriving":
      throw missing(
        `${secretName} is missing, but a move from it to ${directoryName} was interrupted: restore it from a backup`,
      );
    case "empty":
      if (hadRoot) {
        throw missing(
          `${secretName} is missing, but an authority existed here: restore it from a backup; clients would not trust a new root`,
        );
      }
      if (!mayCreate) return waitForFirst(secretName);
      if (stateRoot !== undefined) {
        throw conflict(
          `--state-root names ${stateRoot}, but neither ${directoryName} nor ${secretName} contains a CA: restore it from a backup, or remove the flag to create a new root`,
        );
      }
      if (lostRoot !== undefined) throw missing(lostRoot);
      return { ...useSecret, isNew: true };
  }
}

const moveToShare = "to share it among replicas, run kasbah authority move --to-secret";

function onDirectory(warning: string): OwnerChoice & { readonly kind: "directory" } {
  return { kind: "directory", finish: false, warnings: [warning] };
}

function waitForFirst(secretName: string): OwnerChoice {
  return {
    kind: "wait",
    reason: `${secretName} does not exist: the first replica (ordinal 0) creates it, or moves its CA there with kasbah authority move --to-secret`,
  };
}

function conflict(message: string): StateError {
  return new StateError("STATE_CONFLICT", message);
}

function missing(message: string): StateError {
  return new StateError("STATE_MISSING", message);
}
