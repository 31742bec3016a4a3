import { execFile } from "node:child_process";

/** The exit code of a command, or why it has none, and its output. */
interface CommandResult {
  readonly code: number | "ENOENT" | "SIGNAL";
  readonly output: string;
}

interface ProgramOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly deadlineMs: number;
}

/** Runs a command without a shell; never rejects, and keeps at most 1 MiB of output. */
export type RunProgram = (
  file: string,
  args: readonly string[],
  options: ProgramOptions,
) => Promise<CommandResult>;

export const runProgram: RunProgram = (file, args, { env, signal, deadlineMs }) =>
  new Promise((resolve) => {
    const options = { env: { ...env }, timeout: deadlineMs, maxBuffer: 1 << 20, encoding: "utf8" as const };
    execFile(file, [...args], signal ? { ...options, signal } : options, (error, stdout, stderr) => {
      resolve({ code: endOf(error), output: `${stdout}${stderr}` });
    });
  });

function endOf(error: { code?: string | number | null } | null): CommandResult["code"] {
  if (error === null) return 0;
  if (error.code === "ENOENT") return "ENOENT";
  return typeof error.code === "number" ? error.code : "SIGNAL";
}
