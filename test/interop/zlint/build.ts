import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Whether a Go toolchain is at hand to build with. */
export function hasGo(): boolean {
  return spawnSync("go", ["version"], { stdio: "ignore" }).status === 0;
}

/** Builds the linter once for each go.sum, in the git-ignored cache; returns the path of its binary. */
export function buildZlint(): string {
  const sources = ["go.sum", "main.go"].map((file) => readFileSync(join(here, file)));
  const key = createHash("sha256").update(Buffer.concat(sources)).digest("hex").slice(0, 16);
  const cache = join(here, "../../../.cache/zlint", key);
  const binary = join(cache, "zlint");
  if (existsSync(binary)) return binary;
  mkdirSync(cache, { recursive: true });
  execFileSync("go", ["build", "-o", binary, "."], { cwd: here, stdio: "inherit" });
  return binary;
}
