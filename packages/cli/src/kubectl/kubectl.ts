import { type ExecFileException, execFile } from "node:child_process";
import { CliError } from "../errors.ts";
import type { ClusterChoice } from "./cluster-choice.ts";
import { errorWordsOf } from "./error-words.ts";

export interface KubectlDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** The result of one run of kubectl: it exited, is missing, took too long or printed too much. */
export interface KubectlRun {
  readonly end: "well" | "failed" | "absent" | "late" | "flood";
  readonly stdout: string;
  readonly stderr: string;
}

interface KubectlOptions {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  readonly stdin?: string;
}

/** Runs kubectl until it exits. Rejects only with the signal's reason. */
export type RunKubectl = (args: readonly string[], options: KubectlOptions) => Promise<KubectlRun>;

/** Runs kubectl and returns its output. @throws CliError `PROCESS_FAILED` with kubectl's error output */
export type Kubectl = (args: readonly string[], stdin?: string) => Promise<string>;

/** Far more than any answer, and small enough for a laptop if nine pods send that much. */
const mostOutput = 16 << 20;

/** For calls that change the cluster; uninstall sets a shorter timeout of its own. */
const deadlineMs = 180_000;

export function kubectlRunner({ context, kubeconfig }: ClusterChoice, deps: KubectlDeps): RunKubectl {
  const choice = [
    ...(context === undefined ? [] : [`--context=${context}`]),
    ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
  ];
  return (args, { deadlineMs: timeout, signal = deps.signal, stdin = "" }) =>
    new Promise((resolve, reject) => {
      const env = { ...deps.env };
      // The program called kubectl may ignore other signals.
      const options = { env, signal, timeout, maxBuffer: mostOutput, killSignal: "SIGKILL" } as const;
      const child = execFile("kubectl", [...choice, ...args], options, (error, stdout, stderr) => {
        if (signal.aborted) reject(signal.reason);
        else resolve({ end: endOf(error), stdout, stderr: stderr || (error?.message ?? "") });
      });
      // kubectl closes its stdin if it fails before it has read everything; its error output has the reason.
      child.stdin?.on("error", () => {});
      child.stdin?.end(stdin);
    });
}

export function kubectlFor(choice: ClusterChoice, deps: KubectlDeps): Kubectl {
  const run = kubectlRunner(choice, deps);
  return async (args, stdin = "") => {
    const { end, stdout, stderr } = await run(args, { deadlineMs, stdin });
    if (end === "well") return stdout;
    const [verb = ""] = args;
    const absent = "kubectl not found: install it, or print the objects and apply them elsewhere";
    const words = `kubectl ${verb} failed: ${errorWordsOf(stderr)}`;
    throw new CliError("PROCESS_FAILED", end === "absent" ? absent : words);
  };
}

function endOf(error: ExecFileException | null): KubectlRun["end"] {
  if (error === null) return "well";
  if (error.code === "ENOENT") return "absent";
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "flood";
  return error.killed ? "late" : "failed";
}
