import { errnoOf } from "@kasbah/runtime";
import { DirectoryVault } from "../../authorities/keys/directory-vault.ts";
import { needsKey } from "../../authorities/rotation/authority-state.ts";
import { StateError } from "../../errors.ts";
import { holdsAuthorities, showsFormerRoot, stateDirectoryAt } from "../../store/state-directory.ts";
import { readAuthorityState } from "../offline-status.ts";
import type { StartObstacle } from "./start-obstacle.ts";

/** What is missing of the control state and of the keys. */
export async function findStateObstacles(
  stateDirectory: string,
  mayBeElsewhere: boolean,
): Promise<readonly StartObstacle[]> {
  try {
    const { authorities } = await readAuthorityState(stateDirectory);
    const vault = new DirectoryVault({
      directory: stateDirectoryAt(stateDirectory).authorities,
      passphrase: undefined,
    });
    const ids = authorities.filter(needsKey).map(({ id }) => id);
    const lost: string[] = [];
    for (const id of ids) if (!(await vault.holdsKey(id))) lost.push(id);
    const missing = (id: string) => `the key of ${id} is missing: ${vault.placeOf(id)} has no ca-key.pem`;
    return lost.map((id) => ({ code: "AUTHORITY_INCOMPLETE", what: missing(id), authority: id }));
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    if (errnoOf(error.cause) === "EACCES") throw error;
    if (error.code !== "STATE_MISSING") return [{ code: error.code, what: error.message }];
    return (await wasInUse(stateDirectory, mayBeElsewhere))
      ? [{ code: error.code, what: lostState(stateDirectory) }]
      : [];
  }
}

function lostState(stateDirectory: string): string {
  const { control } = stateDirectoryAt(stateDirectory);
  return `the state of the CA is lost: ${control} contains no control state, but a root was in use`;
}

/** With `--state-secret`, a directory without a control state is normal unless it contains keys. */
function wasInUse(stateDirectory: string, mayBeElsewhere: boolean): Promise<boolean> {
  const state = stateDirectoryAt(stateDirectory);
  return mayBeElsewhere ? holdsAuthorities(state) : showsFormerRoot(state);
}
