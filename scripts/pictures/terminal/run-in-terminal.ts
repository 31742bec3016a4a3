import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";

/** Python has pseudo-terminals on every platform where the demo's Envoy can be installed. */
const inTerminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/** Runs a command of a page in a terminal, in which programs print colors, and returns what it printed. */
export async function runInTerminal(command: string, root: string): Promise<string> {
  const PATH = [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter);
  const { NO_COLOR, ...env } = process.env;
  const child = spawn("python3", ["-c", inTerminal, "/bin/sh", "-c", command], {
    cwd: root,
    env: { ...env, PATH, TERM: "xterm-256color" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [printed, code] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  if (code !== 0) throw new Error(`${command} exited with ${code}:\n${printed}`);
  return printed;
}
