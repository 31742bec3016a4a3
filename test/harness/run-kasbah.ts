import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { kasbahBin } from "./repository.ts";

/** Runs the operator's command as it ships and returns what it prints. Rejects if its exit code is not 0. */
export async function currentKasbah(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly said: string }> {
  const options = { env: { PATH: process.env["PATH"] ?? "", ...env } };
  const { stdout } = await promisify(execFile)(process.execPath, [kasbahBin, ...argv], options);
  return { said: stdout };
}
