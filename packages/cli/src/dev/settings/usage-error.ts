import { CliError } from "../../errors.ts";

/** A command line that cannot be carried out as written: exit code 2. */
export function usageError(sentence: string, cause?: unknown): CliError {
  return new CliError("USAGE_INVALID", sentence, { cause });
}
