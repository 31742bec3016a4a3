import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { kasbahBin } from "./repository.ts";

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the operator's command as it ships, against the CA of a state directory. */
export function runKasbahCommand(stateDir: string, argv: readonly string[]): Promise<CommandResult> {
  const env = { PATH: process.env["PATH"], KASBAH_STATE_DIR: stateDir };
  return new Promise((resolve) => {
    execFile(process.execPath, [kasbahBin, ...argv], { env, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

/** The same for a command that must succeed: rejects if its exit code is not 0. */
export async function currentKasbah(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly said: string }> {
  const options = { env: { PATH: process.env["PATH"] ?? "", ...env } };
  const { stdout } = await promisify(execFile)(process.execPath, [kasbahBin, ...argv], options);
  return { said: stdout };
}
