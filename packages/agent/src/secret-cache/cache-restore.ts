import { unlink } from "node:fs/promises";
import type { KeyFormat, KeyType, SpiffeId } from "@kasbah/pki";
import { type Clock, errnoOf, type Logger, OncePerReason } from "@kasbah/runtime";
import type { HeldRoots } from "../ca/roots/held-roots.ts";
import { AgentError } from "../errors.ts";
import type { SecretStore } from "../secret/secret-store.ts";
import { type CachedSecret, parseCachedSecret } from "./cached-secret.ts";
import { readPrivateFile } from "./private-file.ts";

export interface CacheRestoreOptions {
  readonly store: SecretStore;
  readonly roots: HeldRoots;
  /** Our name as token, flags and provided certificate have it now. */
  readonly identity: () => Promise<SpiffeId>;
  readonly keyType: KeyType;
  readonly keyFormat: KeyFormat;
  readonly clock: Clock;
  readonly logger: Logger;
}

const maxFileBytes = 1024 * 1024;

/** Serves what a cache file holds if that is good, and deletes the file if it can never be. What is newer in the store stays. */
export class CacheRestore {
  readonly #path: string;
  readonly #options: CacheRestoreOptions;
  readonly #trouble = new OncePerReason();

  constructor(path: string, options: CacheRestoreOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Whether another attempt may give what this one did not. */
  async attempt(): Promise<boolean> {
    if (!this.#isWanted()) return false;
    const text = await this.#read();
    if (text === undefined) return false;
    try {
      this.#serve(await this.#verify(text));
      return false;
    } catch (error) {
      return await this.#putOff(error);
    }
  }

  #isWanted(): boolean {
    return this.#options.store.current === undefined;
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

  async #verify(text: string): Promise<CachedSecret> {
    const { identity, roots, clock, keyType, keyFormat } = this.#options;
    const spiffeId = await identity();
    const held = await roots.load();
    return parseCachedSecret(text, { spiffeId, held, now: clock.now(), keyType, keyFormat });
  }

  #serve(cached: CachedSecret): void {
    const { store, roots, logger } = this.#options;
    if (!this.#isWanted()) return;
    roots.learn(cached.bundle);
    store.publish({ ...cached, bundle: roots.with(cached.bundle) });
    const { spiffeId, leaf, notAfter } = cached;
    logger.info("cached secret served", { spiffeId, serial: leaf.serial, notAfter });
  }

  async #putOff(error: unknown): Promise<boolean> {
    // By now the file may be of the newer secret.
    if (!this.#isWanted()) return false;
    const reason = error instanceof AgentError ? error.code : "UNEXPECTED";
    const facts = { path: this.#path, error };
    if (reason === "CACHED_SECRET_INVALID") {
      this.#options.logger.warn("the cached secret is bad and was deleted", facts);
      await this.#delete();
      return false;
    }
    this.#trouble.failed(reason, () =>
      this.#options.logger.warn("the cached secret cannot be verified yet", facts),
    );
    return true;
  }

  async #delete(): Promise<void> {
    await unlink(this.#path).catch((error: unknown) => {
      this.#options.logger.warn("the cache file could not be deleted", { path: this.#path, error });
    });
  }
}
