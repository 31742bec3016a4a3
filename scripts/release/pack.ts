import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Npm } from "./npm.ts";

/** The package as a file, as `npm publish` would upload it. */
export interface PackedRelease {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** Packs a staged release. The same files give the same bytes: npm stores neither times nor owners. */
export async function packRelease(npm: Npm, stage: string, out: string): Promise<PackedRelease> {
  await mkdir(out, { recursive: true });
  const text = await npm(["pack", stage, "--json", "--ignore-scripts", "--pack-destination", out]);
  const [{ filename, size, unpackedSize, files }] = JSON.parse(text);
  const path = join(out, filename);
  const sha256 = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  return { path, sha256, bytes: size, unpackedBytes: unpackedSize, files };
}
