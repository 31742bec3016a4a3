import { readFileSync } from "node:fs";
import process from "node:process";
import { systemClock } from "@kasbah/runtime";
import { runAgentCommand } from "./run-command.ts";

/** A second signal ends the process immediately. */
function untilSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort(name));
  return stopping.signal;
}

process.exitCode = await runAgentCommand({
  argv: process.argv.slice(2),
  env: process.env,
  readFile: (path) => readFileSync(path, "utf8"),
  write: (text) => void process.stdout.write(text),
  isColoured: process.stdout.isTTY === true && !process.env["NO_COLOR"],
  writeError: (text) => void process.stderr.write(text),
  untilSignal,
  clock: systemClock,
  roll: Math.random,
});
