import { readFileSync } from "node:fs";
import process from "node:process";
import { systemClock } from "@kasbah/runtime";
import { runAgentCommand } from "./run-command.ts";

process.exitCode = await runAgentCommand({
  argv: process.argv.slice(2),
  env: process.env,
  readFile: (path) => readFileSync(path, "utf8"),
  write: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  clock: systemClock,
  roll: Math.random,
});
