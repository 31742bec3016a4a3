import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../../harness/repository.ts";

/**
 * The reason to skip a client whose tool is missing on a developer's machine.
 * @throws where a suite must be complete, which is where `CI` is set
 */
export function requireTool(tool: string, isInstalled: boolean): string | undefined {
  if (isInstalled) return undefined;
  if (process.env["CI"] !== undefined)
    throw new Error(`install ${tool}: this client must not be skipped here`);
  return `no ${tool}`;
}

/** The same for a tool from a package of Debian, which is installed first if root runs the suite in CI. */
export function requireDebian(tool: string, name: string, flags: readonly string[]): string | undefined {
  const isInstalled = () => spawnSync(tool, flags, { stdio: "ignore" }).status === 0;
  if (!isInstalled() && process.env["CI"] !== undefined && process.getuid?.() === 0) {
    execFileSync("apt-get", ["-q", "update"], { stdio: "inherit" });
    execFileSync("apt-get", ["-q", "-y", "--no-install-recommends", "install", name], { stdio: "inherit" });
  }
  return requireTool(tool, isInstalled());
}

/**
 * Fills a directory of the cache once for each version of the sources; an attempt that fails leaves nothing
 * behind that a later one would take for complete.
 */
export function cachedOnce(
  name: string,
  sources: readonly string[],
  fill: (directory: string) => void,
): string {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(readFileSync(source));
  const directory = join(repositoryRoot, ".cache", name, hash.digest("hex").slice(0, 16));
  const mark = join(directory, "complete");
  if (existsSync(mark)) return directory;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  fill(directory);
  writeFileSync(mark, "");
  return directory;
}
