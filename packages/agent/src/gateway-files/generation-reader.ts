import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { AgentError } from "../errors.ts";
import type { AllowedDirectories } from "./allowed-directories.ts";
import { readConfinedFile, tryConfinedFile } from "./confined-file.ts";

const mostAttempts = 5;

/** Reads files from the allowed directories. */
export class GenerationReader {
  readonly #allowed: AllowedDirectories;

  constructor(allowed: AllowedDirectories) {
    this.#allowed = allowed;
  }

  /**
   * Reads files of one generation. The kubelet replaces a volume by swapping its `..data` link, and a swap
   * between two reads would combine an old certificate with a new key. @throws AgentError `FILE_REFUSED` or
   * `FILE_UNREADABLE`
   */
  async readTogether(paths: readonly string[]): Promise<readonly Buffer[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const resolved = await this.#allowed.resolved();
        const read = attempt === mostAttempts ? readConfinedFile : tryConfinedFile;
        const files = await Promise.all(paths.map((path) => read(path, this.#allowed, resolved)));
        const isSame = await Promise.all(files.map(({ realPath }, index) => leadsTo(paths[index], realPath)));
        if (isSame.every(Boolean)) return files.map(({ content }) => content);
        if (attempt === mostAttempts) {
          throw new AgentError(
            "FILE_UNREADABLE",
            `${paths.join(" and ")} were replaced while the agent read them`,
          );
        }
      } catch (error) {
        // The old generation is removed right after the swap, so a file may disappear between resolving its
        // link and opening it.
        const isPassing = !(error instanceof AgentError) || error.code === "FILE_UNREADABLE";
        if (!isPassing || attempt === mostAttempts) throw error;
      }
    }
  }

  /** Returns a digest of the files. It never fails: an error counts as content. */
  async digest(paths: Iterable<string>): Promise<string> {
    const hash = createHash("sha256");
    const resolved = await this.#allowed.resolved();
    for (const path of paths) {
      const content = await tryConfinedFile(path, this.#allowed, resolved).then(
        ({ content }) => createHash("sha256").update(content).digest("hex"),
        (error: unknown) => (error instanceof AgentError ? error.message : String(error)),
      );
      hash.update(`${path}\0${content}\0`);
    }
    return hash.digest("hex");
  }
}

async function leadsTo(path = "", realPath: string): Promise<boolean> {
  return (await realpath(path).catch(() => "")) === realPath;
}
