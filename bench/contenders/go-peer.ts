import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasGo } from "../../test/harness/go-program.ts";
import { repositoryRoot } from "../../test/harness/repository.ts";

/** A CA that is built from Go modules at the versions that its go.mod pins. */
export interface GoPeer {
  /** Its folder in `bench/peers`. */
  readonly name: string;
  /** The package to build. */
  readonly package: string;
}

/** Istio needs a newer Go than some machines have; the go command takes it from the module proxy. */
const toolchain = "go1.27.3";

const folderOf = ({ name }: GoPeer) => fileURLToPath(new URL(`../peers/${name}`, import.meta.url));

/** The path of the binary in the cache, whether or not it exists. */
function binaryOf(peer: GoPeer): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", "main.go"]) {
    const path = join(folderOf(peer), file);
    if (existsSync(path)) hash.update(readFileSync(path));
  }
  return join(repositoryRoot, ".cache/bench/peers", hash.digest("hex").slice(0, 16), peer.name);
}

/** Why the peer cannot run here, as a sentence; undefined if it can. */
export function whyNoPeer(peer: GoPeer, mayBuild: boolean): string | undefined {
  if (existsSync(binaryOf(peer))) return undefined;
  if (!hasGo()) return `${peer.name} is not measured: install Go to build it`;
  return mayBuild ? undefined : `${peer.name} is not measured: build it once with --peers`;
}

/** Builds the peer unless the cache has it, and returns the path of its binary. */
export function buildPeer(peer: GoPeer, say: (text: string) => void): string {
  const binary = binaryOf(peer);
  if (existsSync(binary)) return binary;
  say(`building ${peer.name} once, after downloading its modules; this takes minutes`);
  mkdirSync(join(binary, ".."), { recursive: true });
  const args = ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", `${binary}.unfinished`];
  execFileSync("go", [...args, peer.package], {
    cwd: folderOf(peer),
    env: { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: toolchain },
    stdio: ["ignore", "inherit", "inherit"],
  });
  renameSync(`${binary}.unfinished`, binary);
  return binary;
}
