import { printableText } from "@kasbah/runtime";
import type { z } from "zod";
import { CliError, type CliErrorCode } from "../errors.ts";
import { defaultNamespace } from "../kubectl/cluster-choice.ts";
import { errorWordsOf } from "../kubectl/error-words.ts";
import type { KubectlRun, RunKubectl } from "../kubectl/kubectl.ts";
import { explainKubectl } from "../kubectl/kubectl-failure.ts";
import { parseErrorLine } from "../output/error-line.ts";
import { containerName } from "./replica-pods.ts";

/** One run of `kasbah` in a pod. */
export interface PodCall<Answer> {
  readonly pod: string;
  readonly namespace: string | undefined;
  /** Arguments with which `kasbah` prints JSON. No shell is involved, so they arrive unchanged. */
  readonly args: readonly string[];
  readonly schema: z.ZodType<Answer>;
  /** With exit code 1 the command may still print a negative answer as JSON. */
  readonly mayBeNo?: boolean;
  readonly signal: AbortSignal;
}

/** Longer than the deadline that the command in the pod allows the CA. */
const answerDeadlineMs = 30_000;

/** Codes of a command in a pod that mean the CA did not answer or refused. */
const caCodes: readonly string[] = [
  "OPERATION_REFUSED",
  "ADMIN_UNREACHABLE",
  "ADMIN_FORBIDDEN",
  "ADMIN_FAILED",
  "ADMIN_OUTDATED",
] satisfies CliErrorCode[];

/**
 * Runs `kasbah` in a pod and parses its answer. Output from a pod is untrusted until the schema accepts it.
 *
 * @throws CliError `OPERATION_REFUSED`, `ADMIN_UNREACHABLE`, `ADMIN_FORBIDDEN`, `ADMIN_FAILED`, `ADMIN_OUTDATED`,
 * `TARGET_REPLY_INVALID`, `PROCESS_FAILED`
 */
export async function execKasbah<Answer>(
  call: PodCall<Answer>,
  kubectl: RunKubectl,
  deadlineMs = answerDeadlineMs,
): Promise<Answer> {
  const { pod, namespace = defaultNamespace, args, signal } = call;
  const exec = ["exec", `--namespace=${namespace}`, `--container=${containerName}`, pod, "--", "kasbah"];
  const run = await kubectl([...exec, ...args], { deadlineMs, signal });
  if (run.end === "well" || isNo(run, call)) return readAnswer(run.stdout, call);
  throw explainCommand(run) ?? explainKubectl(run, deadlineMs);
}

/** A command that fails prints nothing on stdout. */
function isNo({ end, stdout, stderr }: KubectlRun, { mayBeNo = false }: PodCall<unknown>): boolean {
  return (
    mayBeNo &&
    end === "failed" &&
    stdout !== "" &&
    /(?:^|\n)command terminated with exit code 1\s*$/.test(stderr)
  );
}

function readAnswer<Answer>(text: string, { schema }: PodCall<Answer>): Answer {
  try {
    const { data, error } = schema.safeParse(JSON.parse(text));
    if (data !== undefined) return data;
    const path = error?.issues[0]?.path.join(".") || "the top level";
    throw new CliError("TARGET_REPLY_INVALID", `its answer is invalid at ${printableText(path, 80)}`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CliError("TARGET_REPLY_INVALID", "its answer is not valid JSON", { cause: error });
  }
}

/** Undefined if no command ran to its end in the pod, so kubectl itself failed. */
function explainCommand(run: KubectlRun): CliError | undefined {
  const ended = /(?:^|\n)command terminated with exit code (\d{1,3})\s*$/.exec(run.stderr);
  if (run.end !== "failed" || ended === null) return undefined;
  const exitCode = Number(ended[1]);
  const stderr = run.stderr.slice(0, ended.index);
  const line = parseErrorLine(stderr);
  if (line !== undefined) return explainLine(line.code, printableText(line.message));
  const words = errorWordsOf(stderr);
  // We chose the arguments, so an invalid command line means that the pod runs another version.
  const advice = "its kasbah does not support this command: the image of the pod is older than your kasbah";
  if (exitCode === 2) return new CliError("ADMIN_OUTDATED", `${advice} (${words})`);
  // The command gave no reason, so it is unknown what it did before.
  return new CliError("ADMIN_UNREACHABLE", `its kasbah exited with code ${exitCode} (${words})`);
}

function explainLine(code: string, message: string): CliError {
  const known = caCodes.includes(code);
  return known
    ? new CliError(code as CliErrorCode, message)
    : new CliError("ADMIN_FAILED", `${message} (${code})`);
}
