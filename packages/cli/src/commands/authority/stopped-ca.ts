import { CaError, OperationError, operateStopped, StateError, type StoppedCa } from "@kasbah/ca-server/state";
import { createLogger, errnoOf, parseDuration } from "@kasbah/runtime";
import type { Command } from "commander";
import type { AuthorityStatusMessage } from "../../authority/admin-client.ts";
import { forbidden } from "../../authority/admin-failure.ts";
import type { OperatorClient } from "../../authority/operator-client.ts";
import type { Replicated } from "../../authority/replicated.ts";
import { CliError } from "../../errors.ts";
import type { CaLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { type Answer, askRunningOrStopped } from "../running-or-stopped.ts";

/** An operation of an operator, for a running CA and for a stopped one. */
export interface AuthorityAct<T> {
  /** Its name in the ledger. */
  readonly name: string;
  readonly arguments: Readonly<Record<string, string | number>>;
  running(ca: OperatorClient): Promise<T>;
  /** For an act of which the ledger of a stopped CA must know before it takes effect: whether it is possible. */
  check?(ca: StoppedCa): Promise<unknown>;
  stopped(ca: StoppedCa): Promise<T>;
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

/** The result of an operation. */
export interface ActResult<T> extends Answer<T> {
  /** If the CA is stopped, that its stored state was changed. */
  readonly note?: string;
}

/** Longer than any certificate that the CA issues by default; used only if the state is damaged. */
const maxTtlMs = parseDuration("2160h");

/**
 * Requests an operation from the CA. If no CA answers, performs it on the stored state. Throws CliError
 * `ADMIN_UNREACHABLE` if there is neither or if a CA runs that does not answer, `OPERATION_REFUSED`; StateError.
 */
export async function actOn<T>(
  act: AuthorityAct<T>,
  options: ActOptions,
  deps: CommandDeps,
): Promise<ActResult<T>> {
  let note: string | undefined;
  const stopped = async (directory: string, away: CliError) => {
    const answer = await explained(directory, away, () => actOnStopped(act, directory, options, deps));
    note = `no CA answers: the state in ${directory} was changed; the change takes effect when the CA starts`;
    return answer;
  };
  const result = await askRunningOrStopped({ running: (ca) => act.running(ca), stopped }, options, deps);
  return note === undefined ? result : { ...result, note };
}

/** The same for an operation that returns the status, which then contains the note as a warning. */
export async function actOnStatus(
  act: AuthorityAct<AuthorityStatusMessage>,
  options: ActOptions,
  deps: CommandDeps,
): Promise<Answer<Replicated<AuthorityStatusMessage>>> {
  const { answer, isRunning, note } = await actOn(act, options, deps);
  if (note === undefined) return { answer, isRunning };
  return { answer: { ...answer, warnings: [...answer.warnings, note] }, isRunning };
}

function actOnStopped<T>(
  { name, arguments: request, check, stopped }: AuthorityAct<T>,
  stateDirectory: string,
  { operator, keyPassphraseFile: passphraseFile }: ActOptions,
  deps: CommandDeps,
): Promise<T> {
  const { clock, pid, hostname } = deps;
  const logger = createLogger({ level: "warn", format: "pretty", stream: deps.stderr });
  const record = {
    act: name,
    arguments: Object.keys(request).length === 0 ? undefined : request,
    operatorUnverified: operator ?? deps.operator,
    ...(check === undefined ? {} : { check }),
    work: stopped,
  };
  const place = { stateDirectory, passphraseFile, maxTtlMs, holder: { pid, hostname, clock }, clock, logger };
  return operateStopped(record, place);
}

/** Performs work on the state directory of a stopped CA, whose errors become those of the command. */
export async function explained<T>(directory: string, away: CliError, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw await explain(error, directory, away);
  }
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
