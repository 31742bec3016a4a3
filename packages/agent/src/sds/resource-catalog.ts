import type { SecretResource } from "./envoy-secret.ts";
import type { ResourceProvider } from "./resource-provider.ts";

/** All the names of several providers. Each name belongs to the first provider that claims it, and a name of nobody's has nothing. */
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
    // A provider that answers with another name's secret is wrong, and a wrong secret is worse than none.
    return found?.name === name && found.secret.name === name ? found : undefined;
  }

  watch(name: string, onChange: () => void): () => void {
    return this.#ownerOf(name)?.watch(name, onChange) ?? (() => {});
  }

  #ownerOf(name: string): ResourceProvider | undefined {
    return this.#providers.find((provider) => provider.claims(name));
  }
}
