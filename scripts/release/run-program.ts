import { execFile } from "node:child_process";
import { basename } from "node:path";
import { ReleaseError } from "./release-error.ts";

/** The working directory and the whole environment of a program; by default, those of this process. */
export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The standard output of a program.
 *
 * @throws ReleaseError with the end of its output if it fails
 */
export function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(file, [...args], { ...options, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = `${stderr}${stdout}`.trim().split("\n").slice(-40).join("\n") || error.message;
      reject(new ReleaseError(`${basename(file)} ${args.slice(0, 2).join(" ")} failed: ${said}`));
    });
  });
}
