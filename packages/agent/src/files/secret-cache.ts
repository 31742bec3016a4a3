import { statfs, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { KeyFormat, KeyType, SpiffeId } from "@kasbah/pki";
import {
  type Clock,
  type Component,
  type DurableFs,
  ensureDirectory,
  errnoOf,
  type Logger,
  writeFileDurably,
} from "@kasbah/runtime";
import type { HeldRoots } from "../ca/held-roots.ts";
import { AgentError } from "../errors.ts";
import type { SecretStore, WorkloadSecret } from "../secret-store.ts";
import { formatCachedSecret, parseCachedSecret } from "./cached-secret.ts";
import { readPrivateFile } from "./private-file.ts";
import { SecretFollower } from "./secret-follower.ts";

export interface SecretCacheOptions {
  readonly directory: string;
  readonly store: SecretStore;
  readonly roots: HeldRoots;
  /** Our name as token and flags have it now. */
  readonly identity: () => Promise<SpiffeId>;
  readonly keyType: KeyType;
  readonly keyFormat: KeyFormat;
  readonly clock: Clock;
  readonly roll: () => number;
  readonly logger: Logger;
  readonly fs?: DurableFs;
}

const fileName = "secret.json";
const maxFileBytes = 1024 * 1024;

/** linux/magic.h: TMPFS_MAGIC and RAMFS_MAGIC. */
const memoryFileSystems = new Set([0x01021994, 0x858458f6]);

/**
 * Keeps the last secret in a private directory, for an agent that starts while the CA is away. What is found there is
 * verified before it is served, as a reply of the CA is.
 */
export class SecretCache implements Component {
  readonly name = "secret cache";
  readonly #options: SecretCacheOptions;
  readonly #path: string;
  readonly #follower: SecretFollower;

  constructor(options: SecretCacheOptions) {
    this.#options = options;
    this.#path = join(options.directory, fileName);
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
    await this.#restore();
  }

  async start(): Promise<void> {
    await this.#follower.start();
  }

  async stop(): Promise<void> {
    await this.#follower.stop();
  }

  async #restore(): Promise<void> {
    const { store, logger } = this.#options;
    const text = await this.#read();
    if (text === undefined) return;
    try {
      const secret = await this.#verify(text);
      store.publish(secret);
      const { spiffeId, leaf, notAfter } = secret;
      logger.info("cached secret served", { spiffeId, serial: leaf.serial, notAfter });
    } catch (error) {
      const isBad = error instanceof AgentError && error.code === "CACHED_SECRET_INVALID";
      logger.warn(
        isBad ? "the cached secret is bad and was deleted" : "the cached secret cannot be verified yet",
        { path: this.#path, error },
      );
      if (isBad) await this.#delete();
    }
  }

  async #read(): Promise<string | undefined> {
    try {
      return await readPrivateFile(this.#path, maxFileBytes);
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      this.#options.logger.warn("the cache file is not what we wrote and was deleted", {
        path: this.#path,
        error,
      });
      await this.#delete();
      return undefined;
    }
  }

  async #verify(text: string): Promise<WorkloadSecret> {
    const { identity, roots, clock, keyType, keyFormat } = this.#options;
    const spiffeId = await identity();
    const held = await roots.load();
    const cached = parseCachedSecret(text, { spiffeId, held, now: clock.now(), keyType, keyFormat });
    roots.learn(cached.bundle);
    return { ...cached, bundle: roots.with(cached.bundle) };
  }

  async #delete(): Promise<void> {
    await unlink(this.#path).catch((error: unknown) => {
      this.#options.logger.warn("the cache file could not be deleted", { path: this.#path, error });
    });
  }

  async #write(secret: WorkloadSecret): Promise<void> {
    const { learned } = this.#options.roots;
    if (learned === undefined) return;
    await writeFileDurably(this.#path, formatCachedSecret(secret, learned), 0o600, this.#options.fs);
  }
}
