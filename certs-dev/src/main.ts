import { fileURLToPath } from "node:url";
import { runCommand } from "./command.ts";
import { CertsDevError } from "./errors.ts";

const defaultDirectory = fileURLToPath(new URL("../out", import.meta.url));

try {
  process.stdout.write(await runCommand(process.argv.slice(2), { defaultDirectory, now: new Date() }));
} catch (error) {
  if (!(error instanceof CertsDevError)) throw error;
  process.stderr.write(`certs-dev: ${error.message} (${error.code})\nSee certs-dev --help\n`);
  process.exitCode = error.code === "USAGE" ? 2 : 1;
}
