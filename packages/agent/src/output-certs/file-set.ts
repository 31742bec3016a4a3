import { constants } from "node:fs";
import { readdir, readlink, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import {
  type DurableFs,
  errnoOf,
  nodeFs,
  type PublishedFile,
  publishDirectory,
  RuntimeError,
  syncDirectory,
} from "@kasbah/runtime";
import { readBoundedBytes } from "../bounded-file.ts";
import { hasPlainFile, readStanding } from "./plain-files.ts";

/** The `node:fs/promises` functions that publish a set of files. */
export interface FileSetFs extends DurableFs {
  symlink(target: string, path: string): Promise<void>;
}

const nodeFileSetFs: FileSetFs = { ...nodeFs, symlink };

/** The link to the current version. It has the kubelet's name, which file watchers recognize. */
const dataLink = "..data";
const versionName = /^\.\.kasbah-(\d{1,15})$/;
const leftoverName = /^\.\.\.kasbah-\d{1,15}\.tmp-/;
const maxFileBytes = 512 * 1024;

/**
 * A directory whose files change together, like the kubelet's volumes: each version is a subdirectory,
 * `..data` links to the current one, and each file is a link through `..data`. One rename swaps all files, so
 * readers see one complete version even after a power cut and even if plain files were there before.
 */
export class FileSet {
  readonly #directory: string;
  readonly #fs: FileSetFs;

  constructor(directory: string, fs: FileSetFs = nodeFileSetFs) {
    this.#directory = directory;
    this.#fs = fs;
  }

  /** Whether readers see exactly these files with these modes. */
  async holds(files: readonly PublishedFile[]): Promise<boolean> {
    try {
      return (await Promise.all(files.map((file) => this.#holdsOne(file)))).every(Boolean);
    } catch {
      // A missing or unreadable file does not match.
      return false;
    }
  }

  /**
   * Makes these files the current version, durably. Throws `FILE_NOT_DURABLE`; readers then still see the
   * previous version.
   */
  async publish(files: readonly PublishedFile[]): Promise<void> {
    try {
      await this.#keepPlainFiles(files);
      await this.#show(files);
    } catch (cause) {
      if (cause instanceof RuntimeError) throw cause;
      const reason = errnoOf(cause) ?? "unexpected failure";
      throw new RuntimeError("FILE_NOT_DURABLE", `cannot publish files in ${this.#directory}: ${reason}`, {
        cause,
      });
    }
  }

  /**
   * Removes leftovers of killed processes and all versions except the current one and the `kept` newest
   * others. Must not run during `publish`.
   */
  async prune(kept: number): Promise<void> {
    const current = versionNumber(await readlink(this.#path(dataLink)).catch(() => ""));
    const names = await readdir(this.#directory);
    const others = names.filter(
      (name) => versionNumber(name) !== undefined && versionNumber(name) !== current,
    );
    const oldestFirst = others.toSorted(
      (one, other) => (versionNumber(one) ?? 0) - (versionNumber(other) ?? 0),
    );
    const removed = oldestFirst.slice(0, Math.max(0, oldestFirst.length - kept));
    const leftovers = names.filter((name) => leftoverName.test(name));
    for (const name of [...removed, ...leftovers]) {
      await this.#fs.rm(this.#path(name), { recursive: true, force: true });
    }
  }

  #path(...names: string[]): string {
    return join(this.#directory, ...names);
  }

  async #holdsOne({ name, bytes, mode }: PublishedFile): Promise<boolean> {
    if (!(await this.#isOurLink(name))) return false;
    const path = this.#path(name);
    const { mode: seen } = await stat(path);
    const wanted = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    return (seen & 0o777) === mode && (await readBoundedBytes(path, maxFileBytes)).equals(wanted);
  }

  /**
   * Replacing plain files by links one at a time would show a new key with an old chain. Therefore their
   * contents become a version first.
   */
  async #keepPlainFiles(files: readonly PublishedFile[]): Promise<void> {
    const names = files.map(({ name }) => name);
    if (!(await hasPlainFile(this.#directory, names))) return;
    const standing = await Promise.all(
      files.map(async (file) => {
        const isOurLink = await this.#isOurLink(file.name);
        return readStanding(this.#path(file.name), file, { isOurLink, maxBytes: maxFileBytes });
      }),
    );
    const kept = standing.filter((file) => file !== undefined);
    if (kept.length > 0) await this.#show(kept);
  }

  /**
   * Links to a new version of the files, `..data` first: it must be durable before any file links through it.
   */
  async #show(files: readonly PublishedFile[]): Promise<void> {
    await this.#link(dataLink, await this.#newVersion(files));
    await syncDirectory(this.#directory, this.#fs);
    for (const { name } of files) await this.#link(name, `${dataLink}/${name}`);
    await syncDirectory(this.#directory, this.#fs);
  }

  async #isOurLink(name: string): Promise<boolean> {
    return (await readlink(this.#path(name)).catch(() => undefined)) === `${dataLink}/${name}`;
  }

  async #newVersion(files: readonly PublishedFile[]): Promise<string> {
    const taken = (await readdir(this.#directory)).map((name) => versionNumber(name) ?? 0);
    for (let number = Math.max(0, ...taken) + 1; ; number += 1) {
      const version = `..kasbah-${number}`;
      if (!(await publishDirectory(this.#path(version), files, this.#fs))) continue;
      await this.#openToReaders(this.#path(version));
      return version;
    }
  }

  /** The directory is readable by everyone; the mode of each file restricts access. */
  async #openToReaders(path: string): Promise<void> {
    // If others can write to the parent directory, this may have been replaced by a link.
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const handle = await this.#fs.open(path, flags);
    try {
      await handle.chmod(0o755);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Atomically replaces a file or link of this name. */
  async #link(name: string, target: string): Promise<void> {
    const path = this.#path(name);
    if ((await readlink(path).catch(() => undefined)) === target) return;
    const temporary = this.#path(`..${name}.kasbah-tmp`);
    await this.#fs.unlink(temporary).catch(() => undefined);
    await this.#fs.symlink(target, temporary);
    await this.#fs.rename(temporary, path);
  }
}

function versionNumber(name: string): number | undefined {
  const [, digits] = versionName.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
