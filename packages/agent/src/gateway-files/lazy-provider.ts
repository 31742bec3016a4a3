import type { Component, Logger } from "@kasbah/runtime";
import type { SecretResource } from "../sds/envoy-secret.ts";
import type { ResourceProvider } from "../sds/resource-catalog.ts";
import type { AllowedDirectories } from "./allowed-directories.ts";
import type { GatewayHealth } from "./health/gateway-health.ts";
import { parseFileName, pathsOf } from "./resource-name.ts";
import type { LoadedFiles } from "./start-file-provider.ts";

export interface LazyFileProviderDeps {
  readonly directories: AllowedDirectories;
  /** Loads the code that reads and watches files, which most agents never need. */
  readonly load: () => Promise<LoadedFiles>;
  readonly logger: Logger;
}

/**
 * Claims file names from their paths alone, and loads the provider when a client subscribes to the first one.
 */
export class LazyFileProvider implements ResourceProvider, Component {
  readonly name = "files";
  readonly #deps: LazyFileProviderDeps;
  #loading: Promise<LoadedFiles> | undefined;
  #loaded: LoadedFiles | undefined;

  constructor(deps: LazyFileProviderDeps) {
    this.#deps = deps;
  }

  claims(name: string): boolean {
    const files = parseFileName(name);
    return files !== undefined && pathsOf(files).every((path) => this.#deps.directories.cover(path));
  }

  current(name: string): SecretResource | undefined {
    return this.#loaded?.provider.current(name);
  }

  /** The condition of the names; undefined until a client subscribes to one. */
  get health(): GatewayHealth | undefined {
    return this.#loaded?.health;
  }

  watch(name: string, onChange: () => void): () => void {
    if (this.#loaded !== undefined) return this.#loaded.provider.watch(name, onChange);
    let stop: (() => void) | undefined = () => {};
    this.#load().then(
      ({ provider }) => {
        if (stop === undefined) return;
        stop = provider.watch(name, onChange);
        if (provider.current(name) !== undefined) onChange();
      },
      (error: unknown) => this.#deps.logger.error("cannot load the file provider", { error }),
    );
    return () => {
      stop?.();
      stop = undefined;
    };
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    const loaded = await this.#loading?.catch(() => undefined);
    await loaded?.stop();
  }

  reread(): void {
    this.#loaded?.provider.reread();
  }

  async #load(): Promise<LoadedFiles> {
    this.#loading ??= this.#deps.load();
    try {
      this.#loaded = await this.#loading;
      return this.#loaded;
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }
}
