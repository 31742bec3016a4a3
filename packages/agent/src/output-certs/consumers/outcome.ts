/** The result of one run of a command, or of another way to make an application load its files. */
export interface CommandOutcome {
  readonly result: "ok" | "failed" | "timeout";
  readonly exitCode: number | undefined;
  readonly killedBy: string | undefined;
  /** The last lines of its output, or the reason why it could not start. */
  readonly output: readonly string[];
}

/** The reason of a failure in a few words, without what a command printed. */
export function reasonOf({ result, exitCode, killedBy, output }: CommandOutcome): string {
  if (result === "timeout") return "timed out";
  if (killedBy !== undefined) return `terminated by ${killedBy}`;
  return exitCode === undefined ? (output.at(-1) ?? "could not run") : `exit code ${exitCode}`;
}
