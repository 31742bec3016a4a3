import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { type Component, type DurableFs, delay, ensureDirectory, writeFileDurably } from "@kasbah/runtime";
import { SecretFollower } from "../secret/secret-follower.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";
import type { CacheTrust } from "../secret/supply.ts";
import { CacheRestore, type CacheRestoreDeps } from "./cache-restore.ts";
import { formatCachedSecret } from "./cached-secret.ts";

export interface SecretCacheDeps extends CacheRestoreDeps, CacheTrust {
  readonly directory: string;
  readonly roll: () => number;
  readonly fs?: DurableFs;
}

const fileName = "secret.json";

/** How often an unverifiable secret is retried without a notification: setting the clock triggers none. */
const retryMs = 30_000;

/** linux/magic.h: TMPFS_MAGIC and RAMFS_MAGIC. */
const memoryFileSystems = new Set([0x01021994, 0x858458f6]);

/**
 * Keeps the last secret in a private directory, for an agent that starts while the CA is unreachable. A
 * cached secret is verified before it is served, like a reply of the CA; if it cannot be verified yet, the
 * cache retries.
 */
export class SecretCache implements Component {
  readonly name = "secret cache";
  readonly #deps: SecretCacheDeps;
  readonly #path: string;
  readonly #follower: SecretFollower;
  readonly #restore: CacheRestore;
  readonly #stopping = new AbortController();
  #isPending = false;
  #restoring: Promise<void> = Promise.resolve();

  constructor(deps: SecretCacheDeps) {
    this.#deps = deps;
    this.#path = join(deps.directory, fileName);
    this.#restore = new CacheRestore(this.#path, deps);
    const { store, clock, roll, logger, directory } = deps;
    this.#follower = new SecretFollower({
      name: this.name,
      store,
      clock,
      roll,
      follow: (secret) => this.#write(secret),
      onFailed: (error, retryInMs) =>
        logger.warn("cannot write the cached secret", {
          directory,
          retryInMs: Math.round(retryInMs),
          error,
        }),
    });
  }

  /** Publishes the cached secret if it is valid. Throws `DIRECTORY_UNSAFE` or `DIRECTORY_UNUSABLE`. */
  async restore(): Promise<void> {
    const { directory, logger } = this.#deps;
    await ensureDirectory(directory, 0o700);
    const { type } = await statfs(directory);
    if (!memoryFileSystems.has(type >>> 0)) {
      logger.warn("the cache directory is not in memory: keys remain on disk after the pod is gone", {
        directory,
      });
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
    const { changes, clock } = this.#deps;
    const { signal } = this.#stopping;
    let changed = changes.next;
    while (this.#isPending) {
      await delay(clock, retryMs, AbortSignal.any([signal, changed]));
      if (signal.aborted) return;
      // Read before the attempt, so that a change during the attempt is not missed.
      changed = changes.next;
      this.#isPending = await this.#restore.attempt();
    }
  }

  async #write(secret: WorkloadSecret): Promise<void> {
    const { learned } = this.#deps.roots;
    if (learned === undefined) return;
    await writeFileDurably(this.#path, formatCachedSecret(secret, learned), 0o600, this.#deps.fs);
  }
}
