import { mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "../bundles/single-file.ts";
import { commands } from "./manifest.ts";
import { runProgram } from "./run-program.ts";
import type { Installation } from "./trial.ts";

/** The test that runs the commands of docs/laptop.md in their order, and compares their output with the page. */
const pageTest = "test/packages/first-hour.test.ts";

/** Writes a directory for the PATH with the commands of an installed package and the Node on which they run. */
export async function commandsOn(
  node: string,
  { binOf }: Pick<Installation, "binOf">,
  folder: string,
): Promise<string> {
  await mkdir(folder);
  await symlink(node, join(folder, "node"));
  for (const command of commands) await symlink(binOf(command), join(folder, command));
  return folder;
}

/**
 * Does what docs/laptop.md tells its reader, with the commands of a directory: two programs that talk by mTLS.
 *
 * @throws ReleaseError if a command fails, or prints something else than the page shows
 */
export async function walkPage(
  pinnedNode: string,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const mocha = join(root, "node_modules/mocha/bin/mocha.js");
  const path = `${dirname(pinnedNode)}:/usr/bin:/bin`;
  await runProgram(pinnedNode, [mocha, pageTest], {
    cwd: root,
    env: { ...env, PATH: path, KASBAH_COMMANDS: folder },
  });
}
