import { unlink } from "node:fs/promises";
import type { KeyFormat, KeyType, SpiffeId } from "@kasbah/pki";
import { type Clock, errnoOf, type Logger, OncePerReason } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";
import type { SecretStore } from "../secret/secret-store.ts";
import type { CacheRoots } from "../secret/supply.ts";
import { type CachedSecret, parseCachedSecret } from "./cached-secret.ts";
import { readPrivateFile } from "./private-file.ts";

export interface CacheRestoreDeps {
  readonly store: SecretStore;
  readonly roots: CacheRoots;
  /** The workload's identity from the current token, flags and provided certificate. */
  readonly identity: () => Promise<SpiffeId>;
  readonly keyType: KeyType;
  readonly keyFormat: KeyFormat;
  readonly clock: Clock;
  readonly logger: Logger;
}

const maxFileBytes = 1024 * 1024;

/**
 * Serves the secret of a cache file if it is valid, and deletes the file if it never can be. A newer secret
 * in the store is kept.
 */
export class CacheRestore {
  readonly #path: string;
  readonly #deps: CacheRestoreDeps;
  readonly #reported = new OncePerReason();

  constructor(path: string, deps: CacheRestoreDeps) {
    this.#path = path;
    this.#deps = deps;
  }

  /** Returns whether another attempt may succeed. */
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
    return this.#deps.store.current === undefined;
  }

  async #read(): Promise<string | undefined> {
    try {
      return await readPrivateFile(this.#path, maxFileBytes);
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      this.#deps.logger.warn("deleted the cache file: the agent did not write it", {
        path: this.#path,
        error,
      });
      await this.#delete();
      return undefined;
    }
  }

  async #verify(text: string): Promise<CachedSecret> {
    const { identity, roots, clock, keyType, keyFormat } = this.#deps;
    const spiffeId = await identity();
    const held = await roots.load();
    return parseCachedSecret(text, { spiffeId, held, now: clock.now(), keyType, keyFormat });
  }

  #serve(cached: CachedSecret): void {
    const { store, roots, logger } = this.#deps;
    if (!this.#isWanted()) return;
    roots.learn(cached.bundle);
    store.publish({ ...cached, bundle: roots.with(cached.bundle) });
    const { spiffeId, leaf, notAfter } = cached;
    logger.info("serving the cached secret", { spiffeId, serial: leaf.serial, notAfter });
  }

  async #putOff(error: unknown): Promise<boolean> {
    // The file may already contain the newer secret.
    if (!this.#isWanted()) return false;
    const reason = error instanceof AgentError ? error.code : "UNEXPECTED";
    const facts = { path: this.#path, error };
    if (reason === "CACHED_SECRET_INVALID") {
      this.#deps.logger.warn("deleted the invalid cached secret", facts);
      await this.#delete();
      return false;
    }
    this.#reported.failed(reason, () => this.#deps.logger.warn("cannot verify the cached secret yet", facts));
    return true;
  }

  async #delete(): Promise<void> {
    await unlink(this.#path).catch((error: unknown) => {
      this.#deps.logger.warn("cannot delete the cache file", { path: this.#path, error });
    });
  }
}
