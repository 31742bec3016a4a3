import { constants } from "node:os";

/** The exit code that a shell reports: the program's own, or 128 and the number of the signal that ended it. */
export function exitCodeOf({ code, signal }: { code: number | null; signal: NodeJS.Signals | null }): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
