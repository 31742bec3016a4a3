import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

// The package is one level above this file in src, in dist and in the published bundle.
const pathOf = (relative: string) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

/** The published package contains the daemons. In the repository they are packages next to this one. */
const isPublished = existsSync(pathOf("bin/kasbah-server.js"));

/** The programs of the daemons, which run as processes and are never imported. */
export const serverProgram = pathOf(
  isPublished ? "bin/kasbah-server.js" : "../ca-server/bin/kasbah-server.js",
);
export const agentProgram = pathOf(isPublished ? "bin/kasbah-agent.js" : "../agent/bin/kasbah-agent.js");
export const reaperProgram = pathOf("bin/reaper.js");

/** The shells for which scripts/completion writes a script. */
export const completedShells = ["bash", "zsh", "fish"] as const;
export type CompletedShell = (typeof completedShells)[number];

/** The files of the page of `kasbah console`. */
export const consoleDirectory = pathOf(isPublished ? "console" : "../console/dist");

/** A file that scripts/generate-*.js wrote. */
export function generatedFile(name: "codes.json" | "names.json" | `completion.${CompletedShell}`): string {
  return pathOf(`generated/${name}`);
}

/** Where Envoy is installed: in a clone its git-ignored cache, otherwise the cache of the user. */
export function envoyCacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  return isPublished ? userCacheDirectory(env) : pathOf("../../.cache");
}

/** As the XDG Base Directory Specification defines it, which ignores relative paths. */
export function userCacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const [own, home] = [env["XDG_CACHE_HOME"] ?? "", env["HOME"] || homedir()];
  return join(isAbsolute(own) ? own : join(home, ".cache"), "kasbah");
}
