import { constants } from "node:fs";
import { lstat, open, readdir, readlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type DurableFs, type PublishedFile, publishDirectory } from "@kasbah/runtime";

/** The link to the current generation. It has the kubelet's name, which file watchers recognize. */
export const dataLink = "..data";
const generationName = /^\.\.kasbah-(\d{1,15})$/;
/** If others can write to the output directory, a generation may have been replaced by a link. */
const searchFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const generationMode = 0o755;
const leftoverName = /^\.\.\.kasbah-\d{1,15}\.tmp-/;

/**
 * The directories `..kasbah-N` below an output directory, each of which contains one complete set of files. Every
 * one contains a private key, so at most two exist at any time, even if writing fails: the current one and either the
 * previous or the next one.
 */
export class Generations {
  readonly #directory: string;
  readonly #fs: DurableFs;

  constructor(directory: string, fs: DurableFs) {
    this.#directory = directory;
    this.#fs = fs;
  }

  /** The names of all generations, newest first. */
  async list(): Promise<readonly string[]> {
    const names = await readdir(this.#directory);
    return names
      .filter((name) => generationName.test(name))
      .toSorted((one, other) => ageOf(other) - ageOf(one));
  }

  /** The name that `..data` links to; undefined if it is missing or links to something else. */
  async current(): Promise<string | undefined> {
    const target = await readlink(join(this.#directory, dataLink)).catch(() => "");
    return generationName.test(target) ? target : undefined;
  }

  /** Whether it is a directory as the agent makes it: every reader can search it, and no other user can change it. */
  async isIntact(name: string): Promise<boolean> {
    const found = await lstat(this.#path(name)).catch(() => undefined);
    if (!found?.isDirectory()) return false;
    return (found.mode & 0o777) === generationMode;
  }

  /**
   * Makes room for one more generation, and writes it. It is readable by everyone; the mode of each file restricts
   * access. If that fails, nothing of it is left.
   */
  async add(files: readonly PublishedFile[]): Promise<string> {
    const [newest] = await this.list();
    const current = (await this.current()) ?? newest;
    // What another user owns cannot be removed. That must not keep the next certificate from the application.
    await this.#removeAllBut(current === undefined ? [] : [current]).catch(() => undefined);
    for (let number = ageOf(newest ?? "") + 1; ; number += 1) {
      const name = `..kasbah-${number}`;
      try {
        if (!(await publishDirectory(this.#path(name), files, this.#fs))) continue;
        await this.#openToReaders(this.#path(name));
        return name;
      } catch (error) {
        await this.remove(name).catch(() => undefined);
        throw error;
      }
    }
  }

  /** Removes leftovers of killed processes and all generations except the current one and the `kept` newest others. */
  async prune(kept: number): Promise<void> {
    const current = await this.current();
    const others = (await this.list()).filter((name) => name !== current);
    await this.#removeAllBut([...(current === undefined ? [] : [current]), ...others.slice(0, kept)]);
  }

  async remove(name: string): Promise<void> {
    const path = this.#path(name);
    await unlinkFiles(path).catch(() => undefined);
    await this.#fs.rm(path, { recursive: true, force: true });
  }

  /** Tries all of them before it throws the first failure. */
  async #removeAllBut(kept: readonly string[]): Promise<void> {
    const names = await readdir(this.#directory);
    const removed = names.filter(
      (name) => leftoverName.test(name) || (generationName.test(name) && !kept.includes(name)),
    );
    const results = await Promise.allSettled(removed.map((name) => this.remove(name)));
    const failure = results.find(({ status }) => status === "rejected");
    if (failure?.status === "rejected") throw failure.reason;
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  async #openToReaders(path: string): Promise<void> {
    const handle = await this.#fs.open(path, searchFlags);
    try {
      await handle.chmod(generationMode);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/**
 * Removes keys first, because a foreign directory in a generation can make its removal fail. The path through the
 * descriptor leads into no directory that a link put in its place.
 */
async function unlinkFiles(path: string): Promise<void> {
  const handle = await open(path, searchFlags);
  try {
    const held = `/proc/self/fd/${handle.fd}`;
    for (const entry of await readdir(held, { withFileTypes: true }))
      if (!entry.isDirectory()) await unlink(`${held}/${entry.name}`);
  } finally {
    await handle.close();
  }
}

/** 0 for a name that is not a generation's. */
function ageOf(name: string): number {
  return Number(generationName.exec(name)?.[1] ?? 0);
}
