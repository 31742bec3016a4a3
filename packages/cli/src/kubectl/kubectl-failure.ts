import { printableText } from "@kasbah/runtime";
import { CliError } from "../errors.ts";
import type { KubectlRun } from "./kubectl.ts";

/** The error output of kubectl on one line, safe for a terminal, without kubectl's own log lines. */
export function wordsOf({ stderr }: Pick<KubectlRun, "stderr">): string {
  const lines = stderr
    .slice(0, 16_384)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^[EWI]\d{4} /.test(line));
  return printableText(lines.join(" "), 1000) || "no error message";
}

/** The permissions of an operator; docs/remote.md has the full role. */
const role =
  "the operator needs the verbs get and list on pods, and create on pods/exec, in the CA's namespace";

/**
 * Explains why kubectl itself failed, as a CliError with advice. The API server puts the reason in
 * parentheses: `Error from server (Forbidden): …`.
 */
export function explainKubectl(run: KubectlRun, deadlineMs: number): CliError {
  const words = wordsOf(run);
  switch (run.end) {
    case "absent":
      return new CliError("PROCESS_FAILED", "kubectl not found: install it, or add it to the PATH");
    case "late":
      return new CliError("ADMIN_UNREACHABLE", `no answer within ${deadlineMs / 1000} s`);
    case "flood":
      return new CliError("TARGET_REPLY_INVALID", "the answer is too large");
    default:
      return /\(Forbidden\)/.test(run.stderr)
        ? new CliError("ADMIN_FORBIDDEN", `${words}; ${role}`)
        : new CliError("ADMIN_UNREACHABLE", `kubectl failed: ${words}`);
  }
}
