import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ImageError } from "./image-error.ts";
import { run } from "./run.ts";

/** What an image is made of, and which moment all its files are given: the commit's, so that it comes out the same. */
export interface Source {
  readonly version: string;
  readonly revision: string | undefined;
  readonly ageSeconds: number;
}

/** Of the clone, or of `SOURCE_DATE_EPOCH` where there is no git, as in an engine's build. */
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
    const why = cause instanceof ImageError ? cause.message : "git tells no commit";
    throw new ImageError(`the commit dates all files, and ${why}; or set SOURCE_DATE_EPOCH`, { cause });
  }
}
