import { CliError } from "../../errors.ts";
import { shellWord } from "../../output/shell-word.ts";
import { runProgram } from "../processes/run-program.ts";

/** An openssl command, quoted for a shell, and its output. */
export interface OpensslRun {
  readonly command: string;
  readonly output: string;
}

/** @throws CliError `OPENSSL_FAILED` */
export async function runOpenssl(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<OpensslRun> {
  const command = ["openssl", ...args.map(shellWord)].join(" ");
  const { code, output } = await runProgram("openssl", args, { env, deadlineMs: 10_000 });
  if (code === "ENOENT") {
    throw new CliError(
      "OPENSSL_FAILED",
      "openssl is not on PATH: install it, because the demo verifies certificates with it",
    );
  }
  if (code !== 0) throw new CliError("OPENSSL_FAILED", `${command} failed: ${output.trim().slice(0, 300)}`);
  return { command, output };
}
