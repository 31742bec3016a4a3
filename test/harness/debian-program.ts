import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { provideTool, whyNoDebian } from "../../deploy/image/debian-packages.ts";

/** A program from Debian packages in the cache. Nothing is installed. */
export interface DebianProgram {
  readonly path: string;
  /** Lets the program find the libraries of its packages. */
  readonly env: Readonly<Record<string, string>>;
}

/** Why programs cannot be fetched here; undefined if they can. */
export const whyNoDebianProgram: () => string | undefined = whyNoDebian;

/** Fetches packages, of which the first contains the program and the others its libraries. */
export async function provideProgram(
  program: string,
  [own = "", ...libraries]: readonly string[],
  say: (line: string) => void = () => {},
): Promise<DebianProgram> {
  const { directory } = await provideTool(own, say);
  const folders: string[] = [];
  for (const library of libraries) {
    const { directory: unpacked } = await provideTool(library, say);
    for (const root of ["usr/lib", "lib"]) folders.push(join(unpacked, root, multiarch()));
  }
  return { path: join(directory, program), env: { LD_LIBRARY_PATH: folders.join(":") } };
}

/** Whether Java runs here. In CI as root, it is installed from Debian first, so that no test of it is skipped. */
export function hasJava(): boolean {
  const runs = () => spawnSync("java", ["-version"], { stdio: "ignore" }).status === 0;
  if (!runs() && process.env["CI"] !== undefined && process.getuid?.() === 0) {
    execFileSync("apt-get", ["-q", "update"], { stdio: "inherit" });
    const install = ["-q", "-y", "--no-install-recommends", "install", "openjdk-17-jdk-headless"];
    execFileSync("apt-get", install, { stdio: "inherit" });
  }
  return runs();
}

function multiarch(): string {
  return process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
}
