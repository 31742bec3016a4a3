import { chmod, copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "../bundles/single-file.ts";
import { commands } from "../release/manifest.ts";
import type { PackageContents } from "./build-packages.ts";
import { type CompletionFolders, completionFiles } from "./completion-files.ts";

/** Where the parts of a package are, relative to its top. */
export interface Layout {
  readonly programs: string;
  readonly commands: string;
  /** The directory of the programs, as the shell of a command finds it. */
  readonly programsInShell: string;
  readonly units: string;
  /** Where shells look for completions. */
  readonly completions: CompletionFolders;
}

const unitNames = [
  "kasbah-server.service",
  "kasbah-agent@.service",
  "kasbah-agent-wait@.service",
  "kasbah-check.service",
  "kasbah-check.timer",
];

/**
 * Options of Node for one command. The agent waits for most of its life: without a compiler it takes less memory, as
 * in its image.
 */
const nodeOptions: Readonly<Record<string, string>> = {
  "kasbah-agent": " --jitless --max-semi-space-size=1",
};

/** Writes what both packages have in common: the programs with their Node, the commands, and the units. */
export async function writeProgramTree(
  top: string,
  layout: Layout,
  contents: PackageContents,
): Promise<void> {
  const { programs, units, programsInShell: home } = layout;
  await cp(contents.release, join(top, programs), { recursive: true });
  await copyFile(contents.node, join(top, programs, "node"));
  await chmod(join(top, programs, "node"), 0o755);
  for (const name of commands) {
    const start = `exec "$home/node"${nodeOptions[name] ?? ""} "$home/bin/${name}.js" "$@"`;
    await writeIn(top, join(layout.commands, name), `#!/bin/sh\nhome=${home}\n${start}\n`, 0o755);
  }
  for (const name of unitNames)
    await writeIn(top, join(units, name), await readFile(sourceOf("systemd", name), "utf8"));
  for (const [path, text] of await completionFiles(contents.release, layout.completions))
    await writeIn(top, path, text);
}

/** A file of `deploy/`. */
export function sourceOf(...names: readonly string[]): string {
  return join(root, "deploy", ...names);
}

export async function writeIn(
  top: string,
  path: string,
  content: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  await mkdir(dirname(join(top, path)), { recursive: true });
  await writeFile(join(top, path), content, { mode });
}
