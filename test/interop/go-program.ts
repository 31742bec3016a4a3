import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const interop = fileURLToPath(new URL(".", import.meta.url));

/** Whether a Go toolchain is at hand to build with. */
export function hasGo(): boolean {
  return spawnSync("go", ["version"], { stdio: "ignore" }).status === 0;
}

/** Builds the Go program of a folder here once for each state of its sources, in the git-ignored cache; returns its path. */
export function buildGoProgram(name: string, sources: readonly string[]): string {
  const here = join(interop, name);
  const content = sources.map((file) => readFileSync(join(here, file)));
  const key = createHash("sha256").update(Buffer.concat(content)).digest("hex").slice(0, 16);
  const cache = join(interop, "../../.cache", name, key);
  const binary = join(cache, name);
  if (existsSync(binary)) return binary;
  mkdirSync(cache, { recursive: true });
  execFileSync("go", ["build", "-o", binary, "."], { cwd: here, stdio: "inherit" });
  return binary;
}
