import { join } from "node:path";
import type { Npm } from "./npm.ts";
import { type PackedRelease, packRelease } from "./pack.ts";
import { ReleaseError } from "./release-error.ts";
import { stageRelease } from "./stage.ts";

/**
 * Builds and packs a release twice, in different folders, and returns the one in `out`.
 *
 * @throws ReleaseError if the two differ
 */
export async function packTwice(npm: Npm, workshop: string, out: string): Promise<PackedRelease> {
  const pack = async (name: string, to: string) => {
    const stage = join(workshop, name);
    await stageRelease(stage);
    return packRelease(npm, stage, to);
  };
  const first = await pack("first", join(workshop, "packed"));
  const second = await pack("another", out);
  if (first.sha256 === second.sha256) return second;
  throw new ReleaseError(`two builds of one source differ: SHA-256 ${first.sha256} and ${second.sha256}`);
}
