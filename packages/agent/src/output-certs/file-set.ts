import { constants } from "node:fs";
import { lstat, readlink, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import {
  type DurableFs,
  errnoOf,
  nodeFs,
  type PublishedFile,
  RuntimeError,
  storageFailure,
  syncDirectory,
} from "@kasbah/runtime";
import { readBoundedBytes } from "../bounded-file.ts";
import { AgentError } from "../errors.ts";
import { dataLink, Generations } from "./generations.ts";
import { hasPlainFile, readStanding } from "./plain-files.ts";
import { dropStaleLinks } from "./stale-links.ts";

/** The `node:fs/promises` functions that publish a set of files. */
export interface FileSetFs extends DurableFs {
  symlink(target: string, path: string): Promise<void>;
}

const nodeFileSetFs: FileSetFs = { ...nodeFs, symlink };

const maxFileBytes = 512 * 1024;

/**
 * How a file differs from the wanted one: `contents` if a reader sees other bytes or none, `form` if only its mode
 * differs, if it is no link through `..data`, or if `..data` leads to no version of the agent.
 */
export interface Difference {
  readonly name: string;
  readonly kind: "contents" | "form";
}

/**
 * A directory whose files change together, like the kubelet's volumes: each version is a subdirectory,
 * `..data` links to the current one, and each file is a link through `..data`. One rename swaps all files, so
 * readers see one complete version even after a power cut and even if plain files were there before.
 */
export class FileSet {
  readonly #directory: string;
  readonly #fs: FileSetFs;
  readonly #generations: Generations;

  constructor(directory: string, fs: FileSetFs = nodeFileSetFs) {
    this.#directory = directory;
    this.#fs = fs;
    this.#generations = new Generations(directory, fs);
  }

  /** Compares what readers see with these files; empty if every byte, mode and link matches. */
  async differences(files: readonly PublishedFile[]): Promise<readonly Difference[]> {
    const current = await this.#generations.current();
    const isIntact = current !== undefined && (await this.#generations.isIntact(current));
    const found = await Promise.all(files.map((file) => this.#differenceOf(file, isIntact)));
    return found.filter((difference) => difference !== undefined);
  }

  /**
   * Makes these files the current version, durably. Throws `FILE_NOT_DURABLE`, or `OUTPUT_PATH_BLOCKED` if a
   * directory is in the way; readers then still see the previous version.
   */
  async publish(files: readonly PublishedFile[]): Promise<void> {
    try {
      await this.#refuseDirectories(files);
      await this.#keepPlainFiles(files);
      await this.#show(files);
      await dropStaleLinks(this.#directory, files, this.#fs);
    } catch (cause) {
      if (cause instanceof RuntimeError || cause instanceof AgentError) throw cause;
      const reason = `${storageFailure(cause)}${pathOf(cause)}`;
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
    await this.#generations.prune(kept);
  }

  #path(...names: string[]): string {
    return join(this.#directory, ...names);
  }

  async #differenceOf(file: PublishedFile, isIntact: boolean): Promise<Difference | undefined> {
    const path = this.#path(file.name);
    if (!(await holds(path, file))) return { name: file.name, kind: "contents" };
    const { mode } = await stat(path);
    const isRight = isIntact && (mode & 0o777) === file.mode && (await this.#isOurLink(file.name));
    return isRight ? undefined : { name: file.name, kind: "form" };
  }

  /** Before anything is written: a rename cannot replace a directory, and the agent removes no one else's. */
  async #refuseDirectories(files: readonly PublishedFile[]): Promise<void> {
    const names = [dataLink, ...files.map(({ name }) => name)];
    for (const path of names.flatMap((name) => [this.#path(name), this.#path(temporaryName(name))])) {
      const found = await lstat(path).catch(() => undefined);
      if (!found?.isDirectory()) continue;
      throw new AgentError(
        "OUTPUT_PATH_BLOCKED",
        `${path} is a directory, but the agent must put a file of this name there: move or remove the directory`,
      );
    }
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
   * Links to a version with the files, `..data` first: it must be durable before any file links through it.
   */
  async #show(files: readonly PublishedFile[]): Promise<void> {
    const generation = (await this.#generationWith(files)) ?? (await this.#generations.add(files));
    await this.#link(dataLink, generation);
    await syncDirectory(this.#directory, this.#fs);
    for (const { name } of files) await this.#link(name, `${dataLink}/${name}`);
    await syncDirectory(this.#directory, this.#fs);
  }

  /** A version that an attempt before has written but could not link: another copy of the key would be one too many. */
  async #generationWith(files: readonly PublishedFile[]): Promise<string | undefined> {
    for (const generation of await this.#generations.list()) {
      if (!(await this.#generations.isIntact(generation))) continue;
      const found = files.map(async (file) => {
        const path = this.#path(generation, file.name);
        return (await modeOf(path)) === (constants.S_IFREG | file.mode) && (await holds(path, file));
      });
      if (!(await Promise.all(found)).every(Boolean)) continue;
      await syncDirectory(this.#directory, this.#fs);
      return generation;
    }
    return undefined;
  }

  async #isOurLink(name: string): Promise<boolean> {
    return (await readlink(this.#path(name)).catch(() => undefined)) === `${dataLink}/${name}`;
  }

  /** Atomically replaces a file or link of this name. */
  async #link(name: string, target: string): Promise<void> {
    const path = this.#path(name);
    if ((await readlink(path).catch(() => undefined)) === target) return;
    const temporary = this.#path(temporaryName(name));
    await this.#fs.unlink(temporary).catch(() => undefined);
    await this.#fs.symlink(target, temporary);
    await this.#fs.rename(temporary, path);
  }
}

/** Its type and permissions. Links are not followed. */
async function modeOf(path: string): Promise<number | undefined> {
  const found = await lstat(path).catch(() => undefined);
  return found === undefined ? undefined : found.mode & (constants.S_IFMT | 0o777);
}

function temporaryName(name: string): string {
  return `..${name}.kasbah-tmp`;
}

/** Whether a reader of the path sees the file's bytes. A missing or unreadable file does not match. */
async function holds(path: string, { bytes }: PublishedFile): Promise<boolean> {
  const wanted = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
  return readBoundedBytes(path, maxFileBytes).then(
    (seen) => seen.equals(wanted),
    () => false,
  );
}

/** The path at which a system call failed. */
function pathOf(error: unknown): string {
  if (errnoOf(error) === undefined || !(error instanceof Error)) return "";
  const path = "dest" in error ? error.dest : "path" in error ? error.path : undefined;
  return typeof path === "string" ? ` at ${path}` : "";
}
