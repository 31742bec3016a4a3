import { ReleaseError } from "./release-error.ts";
import { type ProgramOptions, runProgram } from "./run-program.ts";

/** Runs npm and returns its output. */
export type Npm = (args: readonly string[], options?: ProgramOptions) => Promise<string>;

/**
 * npm, on a given Node.
 *
 * @param cli the program of npm, which npm's scripts find in `npm_execpath`
 * @throws ReleaseError if npm is unknown
 */
export function npmOn(node: string, cli: string | undefined): Npm {
  if (!cli) throw new ReleaseError("npm did not start this script: run it as npm run release:dry");
  return (args, options) => runProgram(node, [cli, ...args], options);
}
