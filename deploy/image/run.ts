import { execFile } from "node:child_process";
import { basename } from "node:path";
import { ImageError } from "./image-error.ts";

/** The working directory and additional environment of a program. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The standard output of a program.
 *
 * @throws ImageError with the end of its output if the program fails
 */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const env = { ...process.env, ...options.env };
  return new Promise((resolve, reject) => {
    execFile(file, [...args], { ...options, env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = `${stderr}${stdout}`.trim().split("\n").slice(-8).join("\n") || error.message;
      reject(new ImageError(`${basename(file)} failed: ${said}`));
    });
  });
}
