import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { repositoryRoot } from "./repository.ts";

const interop = join(repositoryRoot, "test/interop");

/** Whether a Go toolchain is installed. */
export function hasGo(): boolean {
  return spawnSync("go", ["version"], { stdio: "ignore" }).status === 0;
}

/**
 * Builds the Go program in a directory of `test/interop` once per version of its sources; returns its path in
 * the cache.
 */
export function buildGoProgram(name: string, sources: readonly string[]): string {
  return build(name, sources, ".");
}

/** Builds another project's Go program in the version that the `go.mod` in a directory of `test/interop` names. */
export function buildGoTool(name: string, program: string): string {
  return build(name, ["go.mod", "go.sum"], program);
}

function build(name: string, sources: readonly string[], target: string): string {
  const here = join(interop, name);
  const content = sources.map((file) => readFileSync(join(here, file)));
  const key = createHash("sha256").update(Buffer.concat(content)).digest("hex").slice(0, 16);
  const cache = join(repositoryRoot, ".cache", name, key);
  const binary = join(cache, basename(name));
  if (existsSync(binary)) return binary;
  mkdirSync(cache, { recursive: true });
  execFileSync("go", ["build", "-o", binary, target], { cwd: here, stdio: "inherit" });
  return binary;
}
