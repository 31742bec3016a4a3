import type { SecretResource } from "./envoy-secret.ts";

/**
 * One family of resource names. A name that no provider claims is rejected: a request never falls through to
 * another name's secret.
 */
export interface ResourceProvider {
  /** Decides from the name and from what is already known, without opening any file. */
  claims(name: string): boolean;
  /** The resource to serve now under a claimed name; undefined until a valid one exists. */
  current(name: string): SecretResource | undefined;
  /**
   * Keeps a claimed name up to date and calls `onChange` after each change, until the returned function is
   * called.
   */
  watch(name: string, onChange: () => void): () => void;
}

/**
 * The names of several providers. Each name belongs to the first provider that claims it; an unclaimed name
 * resolves to nothing.
 */
export class ResourceCatalog implements ResourceProvider {
  readonly #providers: readonly ResourceProvider[];

  constructor(providers: readonly ResourceProvider[]) {
    this.#providers = providers;
  }

  claims(name: string): boolean {
    return this.#ownerOf(name) !== undefined;
  }

  current(name: string): SecretResource | undefined {
    const found = this.#ownerOf(name)?.current(name);
    // A provider that returns another name's secret is broken, and a wrong secret is worse than none.
    return found?.name === name && found.secret.name === name ? found : undefined;
  }

  watch(name: string, onChange: () => void): () => void {
    return this.#ownerOf(name)?.watch(name, onChange) ?? (() => {});
  }

  #ownerOf(name: string): ResourceProvider | undefined {
    return this.#providers.find((provider) => provider.claims(name));
  }
}
