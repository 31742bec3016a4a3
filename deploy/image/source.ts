import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ImageError } from "./image-error.ts";
import { run } from "./run.ts";

/** The source of an image, and the time of all its files: the commit's, so that builds are reproducible. */
export interface Source {
  readonly version: string;
  readonly revision: string | undefined;
  readonly ageSeconds: number;
}

/**
 * Reads the source from the clone, or from `SOURCE_DATE_EPOCH` without git, as in a build by a container
 * engine.
 */
export async function readSource(root: string, epoch: string | undefined): Promise<Source> {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const git = (...args: string[]) => run("git", args, { cwd: root }).then((text) => text.trim());
  if (epoch !== undefined && !/^[0-9]{1,10}$/.test(epoch)) {
    throw new ImageError(`SOURCE_DATE_EPOCH is "${epoch}": expected seconds since 1970`);
  }
  try {
    const [commit, time] = (await git("log", "-1", "--format=%H %ct")).split(" ");
    const isModified = (await git("status", "--porcelain")) !== "";
    const revision = isModified ? `${commit}-modified` : commit;
    return { version, revision, ageSeconds: Number(epoch ?? time) };
  } catch (cause) {
    if (epoch !== undefined) return { version, revision: undefined, ageSeconds: Number(epoch) };
    const why = cause instanceof ImageError ? cause.message : "git reports no commit";
    throw new ImageError(`cannot date the files by the commit: ${why}; set SOURCE_DATE_EPOCH instead`, {
      cause,
    });
  }
}
