import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { pathWithKasbah, runbookBlocks } from "./page.ts";

/** The documented place of the state, which a test replaces by its own. */
const documentedState = "/var/lib/kasbah";

/** The shell blocks of a runbook, or of one of its sections, in order. */
export function runbookCommands(name: string, heading?: string): readonly string[] {
  const blocks = runbookBlocks(name, heading).filter(({ language }) => language === "sh");
  assert.ok(blocks.length > 0, `no commands in ${name}: ${heading}`);
  return blocks.map(({ lines }) => `${lines.join("\n")}\n`);
}

/** Runs documented commands in `home`, with the state in `home/state`; returns what they print. */
export async function runCommands(commands: readonly string[], home: string): Promise<string> {
  const state = join(home, "state");
  const env = { PATH: await pathWithKasbah(home), KASBAH_STATE_DIR: state };
  let said = "";
  for (const command of commands) {
    // The pages show how to reach a CA in a cluster; the test has one on this machine.
    const local = command
      .replaceAll("kasbah -n kasbah-system ", "kasbah ")
      .replaceAll(documentedState, state);
    const { stdout } = await promisify(execFile)("sh", ["-euc", local], { cwd: home, env });
    said += stdout;
  }
  return said;
}
