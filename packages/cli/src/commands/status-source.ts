import { readOfflineStatus, StateError } from "@kasbah/ca-server/state";
import { errnoOf } from "@kasbah/runtime";
import type { AuthorityStatusMessage } from "../authority/admin-client.ts";
import { forbidden } from "../authority/admin-failure.ts";
import type { Told } from "../authority/told.ts";
import { CliError } from "../errors.ts";
import type { CommandWorld } from "./command-world.ts";
import { type CaLocation, offlineDirectoryOf, operatorClientOf } from "./state-location.ts";

export interface FoundStatus {
  readonly status: Told<AuthorityStatusMessage>;
  /** Whether a running CA reported the status; otherwise it is read from the state directory. */
  readonly isAnswered: boolean;
}

/**
 * The status that the CA reports or, if no CA answers, the one in its state directory with a warning. Throws CliError
 * `ADMIN_UNREACHABLE` if neither exists, `ADMIN_FORBIDDEN`; StateError `STATE_DAMAGED`.
 */
export async function readStatus(location: CaLocation, world: CommandWorld): Promise<FoundStatus> {
  try {
    return { status: await operatorClientOf(location, world).status(), isAnswered: true };
  } catch (error) {
    const directory = offlineDirectoryOf(location, world);
    const isAway = error instanceof CliError && error.code === "ADMIN_UNREACHABLE";
    if (!isAway || directory === undefined) throw error;
    return { status: await readStopped(directory, error, world.clock.now()), isAnswered: false };
  }
}

async function readStopped(directory: string, away: CliError, now: Date): Promise<AuthorityStatusMessage> {
  try {
    const status = await readOfflineStatus(directory, now);
    return { ...status, warnings: [...status.warnings, `no CA answers: this is what ${directory} says`] };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    if (errnoOf(error.cause) === "EACCES") throw await forbidden(directory, { cause: error });
    // Where no CA has ever been, a state that is missing says less than the socket that is.
    throw error.code === "STATE_MISSING" ? away : error;
  }
}
