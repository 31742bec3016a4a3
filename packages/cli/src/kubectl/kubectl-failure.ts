import { CliError } from "../errors.ts";
import { errorWordsOf } from "./error-words.ts";
import type { KubectlRun } from "./kubectl.ts";

/** The permissions of an operator; docs/remote.md has the full role. */
const role =
  "the operator needs the verbs get and list on pods, and create on pods/exec, in the CA's namespace";

/**
 * Explains why kubectl itself failed, as a CliError with advice. The API server puts the reason in
 * parentheses: `Error from server (Forbidden): …`.
 */
export function explainKubectl(run: KubectlRun, deadlineMs: number): CliError {
  const words = errorWordsOf(run.stderr);
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
