import { type Clock, type Component, type Logger, Loop } from "@kasbah/runtime";
import type { FileMount } from "./find-file-mounts.ts";

const lookMs = 60_000;

export interface FileMountWatchDeps {
  readonly find: () => Promise<readonly FileMount[]>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const fix = "mount the directory that contains it, in Kubernetes without subPath, and restart the container";

/**
 * Warns about files that are mounted by themselves: once for each at the start, and in the readiness as soon as the
 * source of one has been replaced.
 */
export class FileMountWatch implements Component {
  readonly name = "file mounts";
  readonly #deps: FileMountWatchDeps;
  readonly #loop: Loop;
  readonly #known = new Set<string>();
  #stale: readonly string[] = [];

  constructor(deps: FileMountWatchDeps) {
    this.#deps = deps;
    this.#loop = new Loop({ clock: deps.clock, pass: () => this.#pass() });
  }

  async start(): Promise<void> {
    await this.#look();
    this.#loop.start(lookMs);
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  warnings(): readonly string[] {
    return this.#stale.map(
      (path) =>
        `${path} is mounted as a single file whose source was replaced, so its content is outdated; ${fix}`,
    );
  }

  async #pass(): Promise<number> {
    await this.#look();
    return lookMs;
  }

  async #look(): Promise<void> {
    const mounts = await this.#deps.find();
    const stale = mounts.filter(({ isStale }) => isStale).map(({ path }) => path);
    for (const { path } of mounts) {
      if (this.#known.has(path)) continue;
      this.#known.add(path);
      this.#deps.logger.warn("a file is mounted by itself and will not follow its source", { path, fix });
    }
    for (const path of stale.filter((one) => !this.#stale.includes(one))) {
      this.#deps.logger.warn("the source of a mounted file was replaced; its content is outdated", {
        path,
        fix,
      });
    }
    this.#stale = stale;
  }
}
