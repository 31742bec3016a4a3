import {
  type AuthorityOperations,
  CaError,
  OperationError,
  operateStopped,
  StateError,
} from "@kasbah/ca-server/state";
import { createLogger, errnoOf, parseDuration } from "@kasbah/runtime";
import type { Command } from "commander";
import type { AuthorityStatusMessage } from "../../authority/admin-client.ts";
import { forbidden } from "../../authority/admin-failure.ts";
import type { OperatorClient } from "../../authority/operator-client.ts";
import type { Replicated } from "../../authority/replicated.ts";
import { CliError } from "../../errors.ts";
import { type CaLocation, offlineDirectoryOf, operatorClientOf } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";

/** An operation of an operator, for a running CA and for a stopped one. */
export interface AuthorityAct {
  /** Its name in the ledger. */
  readonly name: string;
  readonly arguments: Readonly<Record<string, string | number>>;
  running(ca: OperatorClient): Promise<AuthorityStatusMessage>;
  stopped(operations: AuthorityOperations): Promise<AuthorityStatusMessage>;
}

export interface ActOptions extends CaLocation {
  /** For the keys of a stopped CA. */
  readonly keyPassphraseFile?: string;
}

/** Adds the flag that only a stopped CA needs; a running one has its own. */
export function withStoppedCa(command: Command): Command {
  return command.option(
    "--key-passphrase-file <file>",
    "decrypt the keys of a stopped CA with the passphrase in this file",
  );
}

/** The result of an operation, with a warning if it was performed on the state of a stopped CA. */
export interface ActResult {
  readonly status: Replicated<AuthorityStatusMessage>;
  readonly isRunning: boolean;
}

/** Longer than any certificate that the CA issues by default; used only if the state is damaged. */
const maxTtlMs = parseDuration("2160h");

/**
 * Requests an operation from the CA. If no CA answers, performs it on the stored state. Throws CliError
 * `ADMIN_UNREACHABLE` if there is neither or if a CA runs that does not answer, `OPERATION_REFUSED`; StateError.
 */
export async function actOn(act: AuthorityAct, options: ActOptions, deps: CommandDeps): Promise<ActResult> {
  const request = Object.keys(act.arguments).length === 0 ? {} : { arguments: act.arguments };
  return onRunningOrStopped<ActResult>(
    {
      running: async (ca) => ({ status: await act.running(ca), isRunning: true }),
      stopped: async (place, requester) => {
        const record = { act: act.name, ...request, ...requester };
        const status = await operateStopped(record, (operations) => act.stopped(operations), place);
        return { status: withStoppedNote(status, place), isRunning: false };
      },
    },
    options,
    deps,
  );
}

type StoppedPlace = Parameters<typeof operateStopped>[2];

/** A request to a running CA, and the same on the state of a stopped one. */
interface EitherWork<T> {
  running(ca: OperatorClient): Promise<T>;
  stopped(place: StoppedPlace, requester: { readonly operatorUnverified: string | undefined }): Promise<T>;
}

/** As {@link actOn}, for any result. */
export async function onRunningOrStopped<T>(
  { running, stopped }: EitherWork<T>,
  options: ActOptions,
  deps: CommandDeps,
): Promise<T> {
  try {
    return await running(operatorClientOf(options, deps));
  } catch (error) {
    const stateDirectory = offlineDirectoryOf(options, deps);
    const isAway = error instanceof CliError && error.code === "ADMIN_UNREACHABLE";
    if (!isAway || stateDirectory === undefined) throw error;
    const { clock, pid, hostname, stderr } = deps;
    const { operator = deps.operator, keyPassphraseFile: passphraseFile } = options;
    const logger = createLogger({ level: "warn", format: "pretty", stream: stderr });
    const holder = { pid, hostname, clock };
    const place = { stateDirectory, passphraseFile, maxTtlMs, holder, clock, logger };
    return stopped(place, { operatorUnverified: operator }).catch(async (reason: unknown) => {
      throw await explain(reason, stateDirectory, error);
    });
  }
}

/** Says that the status is that of a stopped CA. */
export function withStoppedNote(
  status: AuthorityStatusMessage,
  { stateDirectory }: StoppedPlace,
): AuthorityStatusMessage {
  const note = `no CA answers: the state in ${stateDirectory} was changed; the change takes effect when the CA starts`;
  return { ...status, warnings: [...status.warnings, note] };
}

async function explain(error: unknown, directory: string, away: CliError): Promise<unknown> {
  if (error instanceof OperationError)
    return new CliError("OPERATION_REFUSED", error.message, { cause: error });
  if (error instanceof CaError) return new CliError("ADMIN_FAILED", error.message, { cause: error });
  if (!(error instanceof StateError)) return error;
  if (errnoOf(error.cause) === "EACCES") return forbidden(directory, { cause: error });
  // If no CA has ever run here, the missing socket explains more than the missing state.
  if (error.code === "STATE_MISSING") return away;
  if (error.code !== "STATE_LOCKED") return error;
  const advice = "set --admin-socket to its socket, or stop it";
  const reason = `a CA runs but does not answer at its admin socket: ${advice} (${error.message})`;
  return new CliError("ADMIN_UNREACHABLE", reason, { cause: error });
}
