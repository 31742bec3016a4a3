import { spawn } from "node:child_process";
import process from "node:process";
import type { PreparedShell } from "./prepared-shell.ts";

const inTerminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/**
 * Types lines into a shell in a terminal, each once the shell has shown its prompt for it, and returns the arguments
 * with which the command of each line was called. A tab in a line completes it, as the key does.
 */
export async function typeInto(
  { command, env }: PreparedShell,
  lines: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const typed = [...lines, "exit"].map((line) => `${line}\r`);
  const child = spawn("python3", ["-c", inTerminal, ...command], {
    env: { ...process.env, TERM: "xterm", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const timer = setTimeout(() => child.kill(), 90_000);
  let printed = "";
  let next = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    for (; next < typed.length && printed.includes(`READY${next + 1}>`); next++)
      child.stdin.write(typed[next] ?? "");
  });
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  const calls = [...printed.matchAll(/GOT((?:<[^<>]*>)*)END/g)].map(([, args = ""]) => args);
  if (calls.length !== lines.length)
    throw new Error(`${command[0]} ran ${calls.length} of ${lines.length} lines:\n${printed}`);
  return calls.map((args) => [...args.matchAll(/<([^<>]*)>/g)].map(([, argument = ""]) => argument));
}
