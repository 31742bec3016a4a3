import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../bundles/single-file.ts";
import { commands, type ReleasedCommand } from "./manifest.ts";
import { ReleaseError } from "./release-error.ts";

/** The launchers of the repository, which contain the options of Node for each command. */
const launcherOf: Readonly<Record<ReleasedCommand, string>> = {
  kasbah: "packages/cli/bin/kasbah.js",
  "kasbah-server": "packages/ca-server/bin/kasbah-server.js",
  "kasbah-agent": "packages/agent/bin/kasbah-agent.js",
};

/** Node 20 parses the launchers of the repository; older ones need not. */
const parsesLaunchers = 20;

/**
 * Writes `bin/<command>.js` for each command, in syntax that any Node parses, and `dist/start` with the repository's
 * launchers, which they load unless Node is too old for them. Reads the required version from `package.json`.
 */
export async function writeLaunchers(folder: string): Promise<void> {
  const { engines } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const floor = engines.node.replace(/^>=/, "");
  const [bin, start] = [join(folder, "bin"), join(folder, "dist/start")];
  for (const directory of [bin, start]) await mkdir(directory, { recursive: true });
  for (const name of commands) {
    await writeFile(join(bin, `${name}.js`), doorOf(name, floor), { mode: 0o755 });
    await chmod(join(bin, `${name}.js`), 0o755);
    const text = await readFile(join(root, launcherOf[name]), "utf8");
    const placed = replaceOnce(text, '"@kasbah/runtime/launch"', '"./launch.js"');
    const bundle = /"\.\.\/dist\/[\w-]+\.m?js"/.exec(placed)?.[0] ?? "";
    await writeFile(join(start, `${name}.js`), replaceOnce(placed, bundle, `"../${name}.mjs"`));
  }
  const launch = await readFile(join(root, "packages/runtime/launch.js"), "utf8");
  await writeFile(join(start, "launch.js"), replaceOnce(launch, '"package.json"', '"../../package.json"'));
  await copyFile(join(root, "packages/runtime/ancestors.js"), join(start, "ancestors.js"));
  await copyFile(join(root, "packages/cli/bin/reaper.js"), join(bin, "reaper.js"));
}

function doorOf(name: ReleasedCommand, floor: string): string {
  return `#!/usr/bin/env node
// Any Node parses this file, so that an old one reports which version is required.
var found = process.versions.node;
if (parseInt(found, 10) < ${parsesLaunchers}) {
  process.stderr.write("${name} requires Node ${floor} or newer, but this is " + found + ": install a newer Node.\\n");
  process.exit(2);
}
import("../dist/start/${name}.js");
`;
}

function replaceOnce(text: string, from: string, to: string): string {
  if (from === "" || text.split(from).length !== 2)
    throw new ReleaseError(`a launcher does not contain ${from || "the path of its program"} once`);
  return text.replace(from, to);
}
