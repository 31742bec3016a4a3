import { readOfflineStatus, StateError } from "@kasbah/ca-server/state";
import { errnoOf } from "@kasbah/runtime";
import type { AuthorityStatusMessage } from "../../authority/admin-client.ts";
import { forbidden } from "../../authority/admin-failure.ts";
import type { OperatorClient } from "../../authority/operator-client.ts";
import type { Replicated } from "../../authority/replicated.ts";
import type { CliError } from "../../errors.ts";
import type { CaLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { askRunningOrStopped } from "../running-or-stopped.ts";

export interface FoundStatus {
  readonly status: Replicated<AuthorityStatusMessage>;
  /** Whether a running CA reported the status; otherwise it comes from the state directory. */
  readonly isAnswered: boolean;
}

/**
 * The status of the CA. If no CA answers, the status in its state directory, with a warning. Throws CliError
 * `ADMIN_UNREACHABLE` if there is neither, `ADMIN_FORBIDDEN`; StateError `STATE_DAMAGED`.
 */
export async function readStatus(location: CaLocation, deps: CommandDeps): Promise<FoundStatus> {
  const request = {
    running: (ca: OperatorClient): Promise<Replicated<AuthorityStatusMessage>> => ca.status(),
    stopped: (directory: string, away: CliError) => readStopped(directory, away, deps.clock.now()),
  };
  const { answer, isRunning } = await askRunningOrStopped(request, location, deps);
  return { status: answer, isAnswered: isRunning };
}

async function readStopped(directory: string, away: CliError, now: Date): Promise<AuthorityStatusMessage> {
  try {
    const status = await readOfflineStatus(directory, now);
    return { ...status, warnings: [...status.warnings, `no CA answers: showing the state in ${directory}`] };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    if (errnoOf(error.cause) === "EACCES") throw await forbidden(directory, { cause: error });
    // If no CA has ever run here, the missing socket explains more than the missing state.
    throw error.code === "STATE_MISSING" ? away : error;
  }
}
