import { mkdtemp } from "node:fs/promises";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { type Environment, readNames } from "../../deploy/names.ts";
import { root } from "../bundles/single-file.ts";
import { provideFloorNode } from "./floor-node.ts";
import { npmOn } from "./npm.ts";
import type { PackedRelease } from "./pack.ts";
import { packTwice } from "./pack-twice.ts";
import { privateContent } from "./private-content.ts";
import { ReleaseError } from "./release-error.ts";
import { runProgram } from "./run-program.ts";
import { installRelease, tryRelease } from "./trial.ts";
import { commandsOn, walkPage } from "./walk-page.ts";

export interface Rehearsal {
  readonly env: Environment;
  /** The pinned Node. */
  readonly node: string;
  /** A folder for everything but the package. */
  readonly workshop: string;
  readonly out: string;
  readonly say: (line: string) => void;
}

/**
 * Does everything that a publication does, except to publish: packs the release, and installs and runs it on the oldest
 * supported and on the pinned Node.
 *
 * @throws ReleaseError with the reason why the release must not be published
 */
export async function rehearseRelease({ env, node, workshop, out, say }: Rehearsal): Promise<void> {
  const npmCli = env["npm_execpath"];
  const npm = npmOn(node, npmCli);
  const packed = await packTwice(npm, workshop, out);
  for (const line of linesOf(packed)) say(line);
  for (const each of [await provideFloorNode(npm, env["KASBAH_FLOOR_NODE"]), node]) {
    const folder = await mkdtemp(join(workshop, "trial-"));
    const envoy = env["ENVOY_BIN"];
    const installed = await installRelease({ folder, node: each, npmCli, tarball: packed.path, envoy });
    refusePrivate(installed.package, [root, workshop, `${homedir()}/`]);
    const version = (await runProgram(each, ["--version"])).trim();
    const seconds = await tryRelease(installed);
    say(`Node ${version}: installed offline; all checks of kasbah demo passed in ${seconds} s`);
    await walkPage(node, await commandsOn(each, installed, join(folder, "commands")), installed.env);
    say(`Node ${version}: every command of docs/laptop.md printed what the page shows`);
  }
  if (readNames(env).repository === "")
    say("before you publish: set repository in deploy/names.json, because npm's provenance requires it");
}

function refusePrivate(folder: string, machinePaths: readonly string[]): void {
  const found = privateContent(folder, machinePaths);
  if (found.length > 0)
    throw new ReleaseError(`the package contains what must not be published:\n  ${found.join("\n  ")}`);
}

function linesOf({ path, sha256, bytes, unpackedBytes, files }: PackedRelease): readonly string[] {
  const sizes = files.map(({ path: name, size }) => `  ${inKiB(size).padStart(10)}  ${name}`);
  return [
    relative(root, path),
    ...sizes,
    `${files.length} files, ${inKiB(bytes)} packed, ${inKiB(unpackedBytes)} unpacked`,
    `SHA-256 ${sha256}, the same in two builds`,
  ];
}

function inKiB(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}
