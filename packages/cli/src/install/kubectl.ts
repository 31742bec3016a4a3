import { execFile } from "node:child_process";
import { CliError } from "../errors.ts";

/** Which cluster is meant; what is left out is as kubectl has it. */
export interface ClusterChoice {
  readonly context?: string;
  readonly kubeconfig?: string;
}

export interface KubectlWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Runs kubectl to its end and returns what it printed. @throws CliError `PROCESS_FAILED` with what it complains of */
export type Kubectl = (args: readonly string[], stdin?: string) => Promise<string>;

const deadlineMs = 180_000;

export function kubectlFor({ context, kubeconfig }: ClusterChoice, { env, signal }: KubectlWorld): Kubectl {
  const choice = [
    ...(context === undefined ? [] : [`--context=${context}`]),
    ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
  ];
  return (args, stdin = "") =>
    new Promise((resolve, reject) => {
      const options = { env: { ...env }, signal, timeout: deadlineMs, maxBuffer: 16 << 20 };
      const child = execFile("kubectl", [...choice, ...args], options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(signal.aborted ? signal.reason : failure(args, error, stderr));
      });
      // One that refuses before it has read everything closes its end; its own words say why.
      child.stdin?.on("error", () => {});
      child.stdin?.end(stdin);
    });
}

function failure(args: readonly string[], error: Error & { code?: unknown }, stderr: string): CliError {
  const [verb = ""] = args;
  const absent = "kubectl is not there: install it, or pipe the printed objects into one that is";
  const words = stderr.trim() || error.message;
  const message = error.code === "ENOENT" ? absent : `kubectl ${verb} failed: ${words.slice(0, 4000)}`;
  return new CliError("PROCESS_FAILED", message, { cause: error });
}
