import { readFile } from "node:fs/promises";
import { parseTrustBundle } from "@kasbah/pki";
import type { Clock, Logger } from "@kasbah/runtime";
import type { AuthorityOptions } from "../authorities/authority-options.ts";
import { openDirectoryBacking } from "../authorities/backing.ts";
import { StateError } from "../errors.ts";
import { type StateDirectory, showsFormerRoot } from "../store/state-directory.ts";
import { chooseOwner, type OwnerChoice } from "./choose-owner.ts";
import { DirectoryPlace } from "./directory-place.ts";
import { finishMove } from "./move-state.ts";
import type { StatePlace } from "./place.ts";
import type { SharedState } from "./shared-state.ts";
import { type OwnerPlace, StateOwner } from "./state-owner.ts";

export interface OpenOwnerDeps {
  /** The path of the state directory, for messages. */
  readonly stateDir: string;
  readonly state: StateDirectory;
  readonly options: Pick<AuthorityOptions, "passphrase" | "maxTtlMs">;
  /** Undefined if no Secret is configured. */
  readonly shared: SharedState | undefined;
  /** Whether this replica may create the CA; see `isFirstReplica`. */
  readonly mayCreate: boolean;
  readonly stateRoot: string | undefined;
  /** Called once if this replica waits, to serve the health checks with the reason. */
  readonly onWait: (reason: string) => Promise<void>;
  /** Ends the process with an error. */
  readonly fail: (error: StateError) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The owner with the places among which it can move. */
export interface OpenedOwner {
  readonly owner: StateOwner;
  readonly directory: OwnerPlace;
  readonly secret: OwnerPlace | undefined;
  /** Conditions of the start that last until the CA moves or restarts. */
  warnings(): readonly string[];
}

const retryMs = 2_000;

/**
 * Opens the CA in the place that owns it. Waits, unready but alive, if another replica must act first.
 * @throws StateError `STATE_CONFLICT`, `STATE_MISSING`, `STATE_DAMAGED`, `STATE_NOT_DURABLE`
 */
export async function openOwner(deps: OpenOwnerDeps): Promise<OpenedOwner> {
  const { stateDir, state, shared } = deps;
  const directory = {
    place: new DirectoryPlace({ name: `state directory ${stateDir}`, state }),
    open: async () => ({ backing: await openDirectoryBacking(deps), components: [] }),
  };
  if (shared === undefined) {
    await refuseForeignDirectory(directory.place);
    return { owner: await opened(directory), directory, secret: undefined, warnings: () => [] };
  }
  let owner: StateOwner | undefined;
  const onMoved = (error: StateError) => {
    if (owner?.isMoving !== true) deps.fail(error);
  };
  const open = (isNew: boolean) => shared.open({ isNew, onMoved });
  const secret = { place: shared.place, open: () => open(false) };
  const choice = await chosen(directory.place, shared, deps);
  const [own, other] = choice.kind === "secret" ? [secret, directory] : [directory, secret];
  if (choice.finish) await finishMove(other.place, own.place);
  for (const warning of choice.warnings) deps.logger.warn("state has another place", { reason: warning });
  const isNew = choice.kind === "secret" && choice.isNew;
  const opening = await opened(isNew ? { ...secret, open: () => open(true) } : own);
  owner = opening;
  const isMoved = () => opening.placeName !== own.place.name;
  return { owner, directory, secret, warnings: () => (isMoved() ? [] : choice.warnings) };
}

async function opened(own: OwnerPlace): Promise<StateOwner> {
  return new StateOwner(own.place, await own.open());
}

/** Without a Secret, only a directory that owns its CA or is empty can be used. */
async function refuseForeignDirectory(place: StatePlace): Promise<void> {
  const content = await place.look().catch(() => undefined);
  if (content?.kind === "moved") {
    throw new StateError(
      "STATE_CONFLICT",
      `the CA was moved from ${place.name} to ${content.to}: set --state-secret to use it there, or move it back with kasbah authority move --to-directory`,
    );
  }
  if (content?.kind === "arriving") {
    throw new StateError(
      "STATE_CONFLICT",
      `a move from ${content.from} to ${place.name} was interrupted: set --state-secret and run kasbah authority move --to-directory again`,
    );
  }
}

type FinalChoice = Exclude<OwnerChoice, { readonly kind: "wait" }>;

async function chosen(directory: StatePlace, shared: SharedState, deps: OpenOwnerDeps): Promise<FinalChoice> {
  for (let isWaiting = false; ; isWaiting = true) {
    const choice = chooseOwner(await look(directory, shared, deps));
    if (choice.kind !== "wait") return choice;
    if (!isWaiting) {
      deps.logger.warn("waiting for the CA's Secret", { reason: choice.reason });
      await deps.onWait(choice.reason);
    }
    await deps.clock.sleep(retryMs);
  }
}

async function look(directory: StatePlace, shared: SharedState, deps: OpenOwnerDeps) {
  const { state, mayCreate, stateRoot } = deps;
  const found = await directory.look().catch((error: unknown) => {
    if (error instanceof StateError) return error;
    throw error;
  });
  const secret = await shared.place.look();
  const isNew = secret.kind === "empty" && mayCreate;
  return {
    directory: found,
    secret,
    directoryName: directory.name,
    secretName: shared.place.name,
    hadRoot: await showsFormerRoot(state),
    published: await publishedRoots(state.publicBundle),
    mayCreate,
    stateRoot,
    lostRoot: isNew ? await shared.findLostRoot() : undefined,
  };
}

/** The file is derived from the state, so an unreadable one proves nothing. */
async function publishedRoots(path: string): Promise<readonly string[]> {
  try {
    return parseTrustBundle(await readFile(path, "utf8")).roots.map(({ fingerprint }) => fingerprint);
  } catch {
    return [];
  }
}
