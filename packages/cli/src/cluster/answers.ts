import { CliError } from "../errors.ts";
import type { Replica } from "./replica-pods.ts";

/** The answers of the replicas to one query, in the order of the replicas. */
export interface Answers<Answer> {
  readonly given: readonly { readonly replica: string; readonly answer: Answer }[];
  /** The CA answered, but its state does not allow the operation or it has no such record. */
  readonly refused: readonly Failed[];
  /** No CA answered. */
  readonly missing: readonly Failed[];
}

export interface Failed {
  readonly replica: string;
  readonly error: CliError;
}

type Outcome<Answer> =
  | { readonly replica: string; readonly answer: Answer }
  | { readonly replica: string; readonly error: CliError };

export interface AskOptions {
  readonly signal: AbortSignal;
  /** Cancels the other queries once one replica has answered. */
  readonly isOneEnough: boolean;
}

/** Queries all replicas concurrently. Rejects only with the signal's reason. */
export async function askEvery<Answer>(
  replicas: readonly Replica[],
  ask: (replica: string, signal: AbortSignal) => Promise<Answer>,
  { signal, isOneEnough }: AskOptions,
): Promise<Answers<Answer>> {
  const enough = new AbortController();
  const both = AbortSignal.any([signal, enough.signal]);
  const one = async ({ name: replica, absence }: Replica): Promise<readonly Outcome<Answer>[]> => {
    try {
      if (absence !== undefined) throw new CliError("ADMIN_UNREACHABLE", absence);
      const answer = await ask(replica, both);
      if (isOneEnough) enough.abort();
      return [{ replica, answer }];
    } catch (error) {
      if (error === enough.signal.reason && enough.signal.aborted) return [];
      if (signal.aborted || !(error instanceof CliError)) throw error;
      return [{ replica, error }];
    }
  };
  const outcomes = (await Promise.all(replicas.map(one))).flat();
  const failed = outcomes.filter((outcome) => "error" in outcome);
  const isRefusal = ({ error }: Failed) => error.code === "OPERATION_REFUSED";
  return {
    given: outcomes.filter((outcome) => "answer" in outcome),
    refused: failed.filter(isRefusal),
    missing: failed.filter((outcome) => !isRefusal(outcome)),
  };
}

/**
 * The error if no replica gave an answer. It has the code of the first failure, and names a common cause only
 * once.
 */
export function noAnswerError({ refused, missing }: Answers<unknown>): CliError {
  const failed = [...refused, ...missing];
  const [first] = failed;
  if (first === undefined) return new CliError("ADMIN_UNREACHABLE", "no replica was queried");
  const but = ({ replica, error }: Failed) => error.message.replaceAll(replica, "");
  const isSame = failed.every((one) => but(one) === but(first));
  const words = isSame ? describeFailed(first) : failed.map(describeFailed).join("; ");
  const count = failed.length === 1 ? "" : `none of ${failed.length} replicas answered; `;
  return new CliError(first.error.code, `${count}${words}`, { cause: first.error });
}

export function describeFailed({ replica, error }: Failed): string {
  return `${replica}: ${error.message}`;
}
