import { link, lstat, mkdtemp, readdir, rename, rm, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { errnoOf, type Logger, OncePerReason } from "@kasbah/runtime";
import { AgentError } from "../../errors.ts";
import { askOwner } from "./ask-owner.ts";
import { type OwnerMark, raiseMark } from "./mark.ts";

export interface DirectoryOwnerDeps {
  readonly directory: string;
  /** A line about this agent, for an operator who starts a second one. */
  readonly describe: () => string;
  readonly logger: Logger;
}

/** Releases without a mark ignore the name. */
export const markName = "..kasbah-owner";
const mostRounds = 5;

/**
 * Makes sure that at most one live agent writes to a directory. The owner listens on a Unix socket in it, which the
 * kernel closes with the process, so a mark that refuses connections is dead, also across PID namespaces and after a
 * restart of the machine. If the file system has no sockets, the agent works without a mark.
 */
export class DirectoryOwner {
  readonly #deps: DirectoryOwnerDeps;
  readonly #path: string;
  readonly #unmarkable = new OncePerReason();
  #mark: OwnerMark | undefined;

  constructor(deps: DirectoryOwnerDeps) {
    this.#deps = deps;
    this.#path = join(deps.directory, markName);
  }

  /** Whether this agent need not call `hold` again. */
  async isHeld(): Promise<boolean> {
    if (this.#unmarkable.reason !== undefined) return true;
    return this.#mark !== undefined && (await inodeAt(this.#path))?.id === this.#mark.inode;
  }

  /** Becomes or stays the owner. Throws `OUTPUT_DIRECTORY_IN_USE` if another live agent is it. */
  async hold(): Promise<void> {
    if (this.#mark !== undefined && (await this.isHeld())) return;
    await this.#close();
    try {
      await this.#take();
      this.#unmarkable.clear();
    } catch (error) {
      if (error instanceof AgentError) throw error;
      const { logger, directory } = this.#deps;
      this.#unmarkable.failed(String(errnoOf(error)), () =>
        logger.warn("cannot mark the output directory; a second agent would not be noticed", {
          directory,
          error,
        }),
      );
    }
  }

  async release(): Promise<void> {
    if (this.#mark !== undefined && (await this.isHeld())) await unlink(this.#path).catch(() => undefined);
    await this.#close();
  }

  async #close(): Promise<void> {
    const mark = this.#mark;
    this.#mark = undefined;
    await mark?.close();
  }

  async #take(): Promise<void> {
    const { directory } = this.#deps;
    for (let round = 0; round < mostRounds; round += 1) {
      const workshop = await mkdtemp(`${this.#path}.`);
      try {
        await this.#clearDeadMark(join(workshop, "dead"));
        this.#mark = await this.#link(basename(workshop));
        await this.#removeLeftovers();
        return;
      } catch (error) {
        if (!racing.has(errnoOf(error)) && (await inodeAt(workshop)) !== undefined) throw error;
      } finally {
        await rm(workshop, { recursive: true, force: true });
      }
    }
    throw inUse(directory, undefined);
  }

  async #link(workshop: string): Promise<OwnerMark> {
    const { directory, describe } = this.#deps;
    const mark = await raiseMark(directory, `${workshop}/socket`, describe);
    try {
      // Unlike a rename, this fails if another agent was faster.
      await link(join(directory, workshop, "socket"), this.#path);
      return mark;
    } catch (error) {
      await mark.close();
      throw error;
    }
  }

  /** Moved before it is removed: between the question and the removal another agent may have put its mark here. */
  async #clearDeadMark(grave: string): Promise<void> {
    const { directory } = this.#deps;
    const found = await inodeAt(this.#path);
    if (found === undefined) return;
    if (found.isDirectory) throw new Error(`${this.#path} is a directory`);
    const answer = await askOwner(directory, markName);
    if (answer.isAlive) throw inUse(directory, answer.description);
    await rename(this.#path, grave);
    if ((await inodeAt(grave))?.id !== found.id) await link(grave, this.#path);
  }

  /** Of agents that were killed while they took the directory. One that is alive tries again. */
  async #removeLeftovers(): Promise<void> {
    const { directory } = this.#deps;
    const names = (await readdir(directory)).filter((name) => name.startsWith(`${markName}.`));
    await Promise.all(names.map((name) => rm(join(directory, name), { recursive: true, force: true })));
  }
}

/** The mark or the directory of an attempt has changed in the middle. */
const racing: ReadonlySet<string | undefined> = new Set(["EEXIST", "ENOENT"]);

function inUse(directory: string, description: string | undefined): AgentError {
  const other = description === undefined ? "another agent" : `another agent (${description})`;
  return new AgentError(
    "OUTPUT_DIRECTORY_IN_USE",
    `${other} writes its certificates to ${directory}: stop it, or give each agent its own --output-certs`,
  );
}

interface Inode {
  readonly id: string;
  readonly isDirectory: boolean;
}

async function inodeAt(path: string): Promise<Inode | undefined> {
  const found = await lstat(path).catch(() => undefined);
  return found && { id: `${found.dev}:${found.ino}`, isDirectory: found.isDirectory() };
}
