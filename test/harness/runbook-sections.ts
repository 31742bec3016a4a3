import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { kasbahBin, repositoryRoot } from "./repository.ts";

/** The documented place of the state, which a test replaces by its own. */
const documentedState = "/var/lib/kasbah";

/** The shell commands in a section of a runbook, in order. A section without a heading is the whole page. */
export async function runbookCommands(name: string, heading?: string): Promise<readonly string[]> {
  const page = await readFile(join(repositoryRoot, "docs/runbooks", `${name}.md`), "utf8");
  const section = heading === undefined ? page : sectionOf(page, heading);
  const blocks = Array.from(section.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm), ([, block = ""]) => block);
  assert.ok(blocks.length > 0, `no commands in ${name}: ${heading}`);
  return blocks.map((block) => block.replace(/^ +/gm, ""));
}

function sectionOf(page: string, heading: string): string {
  const start = page.indexOf(`\n### ${heading}\n`);
  assert.ok(start >= 0, `no section ${heading}`);
  const end = page.slice(start + 1).search(/\n##+ /);
  return end < 0 ? page.slice(start) : page.slice(start, start + 1 + end);
}

/** Runs documented commands in `home`, with the state in `home/state`; returns what they print. */
export async function runCommands(commands: readonly string[], home: string): Promise<string> {
  const programs = join(home, "bin");
  await mkdir(programs, { recursive: true });
  await writeFile(join(programs, "kasbah"), `#!/bin/sh\nexec ${process.execPath} ${kasbahBin} "$@"\n`, {
    mode: 0o755,
  });
  const state = join(home, "state");
  const env = { PATH: `${programs}:${process.env["PATH"]}`, KASBAH_STATE_DIR: state };
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
