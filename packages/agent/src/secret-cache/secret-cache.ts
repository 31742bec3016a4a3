import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { type Component, type DurableFs, ensureDirectory, pause, writeFileDurably } from "@kasbah/runtime";
import { SecretFollower } from "../secret/secret-follower.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";
import { CacheRestore, type CacheRestoreOptions } from "./cache-restore.ts";
import type { CacheSupply } from "./cache-supply.ts";
import { formatCachedSecret } from "./cached-secret.ts";

export interface SecretCacheOptions extends CacheRestoreOptions, CacheSupply {
  readonly directory: string;
  readonly roll: () => number;
  readonly fs?: DurableFs;
}

const fileName = "secret.json";

/** How often a secret that could not be verified is tried without a word of a change: nothing tells of a clock that was set. */
const retryMs = 30_000;

/** linux/magic.h: TMPFS_MAGIC and RAMFS_MAGIC. */
const memoryFileSystems = new Set([0x01021994, 0x858458f6]);

/**
 * Keeps the last secret in a private directory, for an agent that starts while the CA is away. What is found there is
 * verified before it is served, as a reply of the CA is; as long as that cannot be done, it is tried again.
 */
export class SecretCache implements Component {
  readonly name = "secret cache";
  readonly #options: SecretCacheOptions;
  readonly #path: string;
  readonly #follower: SecretFollower;
  readonly #restore: CacheRestore;
  readonly #stopping = new AbortController();
  #isPending = false;
  #restoring: Promise<void> = Promise.resolve();

  constructor(options: SecretCacheOptions) {
    this.#options = options;
    this.#path = join(options.directory, fileName);
    this.#restore = new CacheRestore(this.#path, options);
    const { store, clock, roll, logger, directory } = options;
    this.#follower = new SecretFollower({
      name: this.name,
      store,
      clock,
      roll,
      follow: (secret) => this.#write(secret),
      onFailed: (error, retryInMs) =>
        logger.warn("the secret could not be cached", {
          directory,
          retryInMs: Math.round(retryInMs),
          error,
        }),
    });
  }

  /** Publishes what is cached, if it is good. Throws `DIRECTORY_UNSAFE` or `DIRECTORY_UNUSABLE`. */
  async restore(): Promise<void> {
    const { directory, logger } = this.#options;
    await ensureDirectory(directory, 0o700);
    const { type } = await statfs(directory);
    if (!memoryFileSystems.has(type >>> 0)) {
      logger.warn("the cache directory is not in memory: keys outlive the pod on its disk", { directory });
    }
    this.#isPending = await this.#restore.attempt();
  }

  async start(): Promise<void> {
    await this.#follower.start();
    this.#restoring = this.#restoreUntilStopped();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#restoring;
    await this.#follower.stop();
  }

  async #restoreUntilStopped(): Promise<void> {
    const { changes, clock } = this.#options;
    const { signal } = this.#stopping;
    let changed = changes.next;
    while (this.#isPending) {
      await pause(clock, retryMs, AbortSignal.any([signal, changed]));
      if (signal.aborted) return;
      // Taken before the attempt, so that a change in its midst is not missed.
      changed = changes.next;
      this.#isPending = await this.#restore.attempt();
    }
  }

  async #write(secret: WorkloadSecret): Promise<void> {
    const { learned } = this.#options.roots;
    if (learned === undefined) return;
    await writeFileDurably(this.#path, formatCachedSecret(secret, learned), 0o600, this.#options.fs);
  }
}
