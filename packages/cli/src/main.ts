import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import process from "node:process";
import { MeshError } from "@kasbah/pki";
import { RuntimeError, systemClock } from "@kasbah/runtime";
import { CommanderError } from "commander";
import { CliError } from "./errors.ts";
import { errorLine } from "./output/error-line.ts";
import { createProgram } from "./program.ts";

const interrupted = new AbortController();
const { env, stdout, stderr } = process;
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
// The reader closed the pipe, as `| head` does.
stdout.on("error", () =>
  interrupted.abort(new CliError("OUTPUT_CLOSED", "the reader of the output closed the pipe")),
);

const program = createProgram({
  version,
  screen: {
    write: (text) => void stdout.write(text),
    colour: stdout.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb",
    interactive: stdout.isTTY === true,
    // It changes with the window; a terminal without a size has 0.
    get columns() {
      return stdout.isTTY === true ? stdout.columns || 80 : undefined;
    },
  },
  drained,
  env,
  clock: systemClock,
  isRoot: process.getuid?.() === 0,
  pid: process.pid,
  uid: process.getuid?.(),
  cwd: process.cwd(),
  hasTerminal: process.stdin.isTTY === true,
  kill: process.kill,
  hostname: hostname(),
  operator: userName(),
  stderr,
  setExitCode: (code) => {
    process.exitCode = code;
  },
  nodePath: process.execPath,
  platform: process.platform,
  arch: process.arch,
  temporaryDirectory: tmpdir(),
  newSecret: () => randomBytes(32).toString("base64url"),
  signal: interrupted.signal,
});

try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

async function drained(): Promise<void> {
  // A closed pipe is never drained.
  if (stdout.writableNeedDrain) await once(stdout, "drain", interrupted).catch(() => undefined);
}

/** A uid need not have a name; in most containers it has none. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

function interrupt(): void {
  // A second Ctrl-C exits immediately: the reaper ends the remaining processes.
  if (interrupted.signal.aborted) process.exit(130);
  interrupted.abort(new CliError("INTERRUPTED", "interrupted"));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof MeshError || error instanceof RuntimeError)) throw error;
  stderr.write(errorLine(error));
  if (error.code === "CONFIG_INVALID" || error.code === "USAGE_INVALID") return 2;
  return error.code === "INTERRUPTED" || error.code === "OUTPUT_CLOSED" ? 130 : 1;
}
