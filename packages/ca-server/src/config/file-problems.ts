import { PolicyError, TokenIssuersError } from "../errors.ts";

/** Checks the file that a flag names. Returns its problems with their lines; none if the flag is not set. */
export async function fileProblems(
  flag: string,
  path: string | undefined,
  load: (path: string) => Promise<unknown>,
): Promise<readonly string[]> {
  if (path === undefined) return [];
  try {
    await load(path);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError || error instanceof TokenIssuersError)) throw error;
    const { problems, message } = error;
    return (problems.length === 0 ? [message] : problems).map((problem) => `${flag}: ${problem}`);
  }
}
