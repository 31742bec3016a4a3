import { type IdentityOptions, mayBeOurs, spiffeKindOf } from "../identity.ts";
import type { SecretStore, WorkloadSecret } from "../secret/secret-store.ts";
import { leafResource, rootsResource, type SecretResource } from "./envoy-secret.ts";
import type { ResourceProvider } from "./resource-catalog.ts";

const openKinds = { workload: "leaf", "trust-domain": "roots", none: undefined } as const;

/**
 * The workload's own secret under the names of Istio (`default`, `ROOTCA`) and of SPIRE: its SPIFFE ID for
 * the certificate, its trust domain's ID for the roots. The key is served under no other name.
 */
export class WorkloadProvider implements ResourceProvider {
  readonly #store: SecretStore;
  readonly #identity: IdentityOptions;
  readonly #isNameOpen: boolean;
  #built: { readonly from: WorkloadSecret; readonly resources: Map<string, SecretResource> } | undefined;

  /**
   * `isNameOpen`: the first secret decides the workload's name regardless of the configuration, as with
   * mounted certificates.
   */
  constructor(
    store: SecretStore,
    identity: IdentityOptions,
    { isNameOpen = false }: { readonly isNameOpen?: boolean } = {},
  ) {
    this.#store = store;
    this.#identity = identity;
    this.#isNameOpen = isNameOpen;
  }

  /** Until the first secret, the workload's SPIFFE ID may be unknown, and every possible name is claimed. */
  claims(name: string): boolean {
    return this.#kindOf(name) !== undefined;
  }

  /** The trust bundle stays valid after the leaf expires; an expired leaf is never served. */
  current(name: string): SecretResource | undefined {
    const secret = this.#store.current;
    const kind = this.#kindOf(name);
    if (secret === undefined || kind === undefined) return undefined;
    if (kind === "leaf" && this.#store.unexpired === undefined) return undefined;
    if (this.#built?.from !== secret) this.#built = { from: secret, resources: new Map() };
    const { resources } = this.#built;
    const resource =
      resources.get(name) ?? (kind === "leaf" ? leafResource(name, secret) : rootsResource(name, secret));
    resources.set(name, resource);
    return resource;
  }

  watch(_name: string, onChange: () => void): () => void {
    return this.#store.subscribe(onChange);
  }

  #kindOf(name: string): "leaf" | "roots" | undefined {
    if (name === "default") return "leaf";
    if (name === "ROOTCA") return "roots";
    const own = this.#store.current?.spiffeId;
    if (own === undefined && this.#isNameOpen) return openKinds[spiffeKindOf(name) ?? "none"];
    const { name: trustDomain } = own?.trustDomain ?? this.#identity.trustDomain;
    if (name === `spiffe://${trustDomain}`) return "roots";
    const isOwn = own === undefined ? mayBeOurs(name, this.#identity) : name === own.toString();
    return isOwn ? "leaf" : undefined;
  }
}
