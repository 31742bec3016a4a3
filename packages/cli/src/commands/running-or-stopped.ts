import type { OperatorClient } from "../authority/operator-client.ts";
import { CliError } from "../errors.ts";
import { type CaLocation, offlineDirectoryOf, operatorClientOf } from "./ca-location.ts";
import type { CommandDeps } from "./command-deps.ts";

/** The same request to a running CA and to the state directory of a stopped one. */
export interface RunningOrStopped<T> {
  running(ca: OperatorClient): Promise<T>;
  /** @param away the error of the CA that does not answer */
  stopped(stateDirectory: string, away: CliError): Promise<T>;
}

export interface Answer<T> {
  readonly answer: T;
  readonly isRunning: boolean;
}

/** Asks the CA. If none answers, asks the state directory, unless the location names only a socket or a cluster. */
export async function askRunningOrStopped<T>(
  { running, stopped }: RunningOrStopped<T>,
  location: CaLocation,
  deps: CommandDeps,
): Promise<Answer<T>> {
  try {
    return { answer: await running(operatorClientOf(location, deps)), isRunning: true };
  } catch (error) {
    const directory = offlineDirectoryOf(location, deps);
    const isAway = error instanceof CliError && error.code === "ADMIN_UNREACHABLE";
    if (!isAway || directory === undefined) throw error;
    return { answer: await stopped(directory, error), isRunning: false };
  }
}
