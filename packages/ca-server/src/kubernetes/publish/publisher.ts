import { parseTrustBundle } from "@kasbah/pki";
import type { Clock, Component, Logger } from "@kasbah/runtime";
import type { KubernetesClient } from "../api/api-client.ts";
import { ourManager } from "../api/managed-fields.ts";
import { writeObject } from "../api/object-writer.ts";
import { WriteTroubles } from "../api/write-troubles.ts";
import { Reflector } from "../watch/reflector.ts";
import { WorkQueue } from "../watch/work-queue.ts";
import { isServed, type NamespaceFacts, type NamespaceSelector, namespaceSchema } from "./namespaces.ts";
import {
  digestOf,
  installationNamespace,
  isPublishedBy,
  type PublishedRoot,
  type PublisherIdentity,
  publishedRootSchema,
  withRoot,
} from "./root-config-map.ts";
import { RootMemory } from "./root-memory.ts";

export interface RootPublisherDeps {
  readonly client: Pick<KubernetesClient, "get" | "post" | "put" | "watch">;
  /** The default is `istio-ca-root-cert`, the name that stock agents read. */
  readonly configMap?: string;
  /** The namespaces in which the CA creates the ConfigMap; by default all. It keeps those that it has created. */
  readonly selects?: NamespaceSelector;
  readonly identity: () => PublisherIdentity;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A random number in [0, 1). */
  readonly roll: () => number;
}

/** A namespace in which another program writes the root, or reverts each of the CA's writes. */
export interface RootConflict {
  readonly namespace: string;
  readonly manager: string;
}

/** The name of such conflicts in logs, conditions and metrics. */
export const rootPublisherConflict = "ROOT_PUBLISHER_CONFLICT";

const unknown = "unknown";
const atOnce = 10;
/** Between the writes for a new bundle or by a new leader: fifty per second. */
const spreadMs = 20;

/**
 * Publishes the trust bundle as a ConfigMap in every selected namespace if this replica leads, except where another
 * program writes it.
 */
export class RootPublisher implements Component {
  readonly name = "root publisher";
  readonly #deps: RootPublisherDeps;
  readonly #configMap: string;
  readonly #namespaces: Reflector<NamespaceFacts>;
  readonly #roots: Reflector<PublishedRoot>;
  readonly #queue: WorkQueue;
  readonly #memory: RootMemory;
  readonly #troubles: WriteTroubles;
  #bundle: { readonly pem: string; readonly digest: string } | undefined;
  #isLeading = false;

  constructor(deps: RootPublisherDeps) {
    const { client, configMap = "istio-ca-root-cert", selects = () => true, clock, logger, roll } = deps;
    const own = installationNamespace(deps.identity().installation);
    this.#deps = deps;
    this.#configMap = configMap;
    this.#memory = new RootMemory(clock, {
      identity: deps.identity,
      hasNamespace: (name) => this.#namespaces.current.has(name),
    });
    this.#troubles = new WriteTroubles(logger, "cannot publish the root");
    const common = { client, clock, logger, roll, onSync: () => this.#lookEverywhere() };
    this.#namespaces = new Reflector({
      ...common,
      ...{ name: "namespaces", path: "/api/v1/namespaces", kind: "Namespace" },
      schema: namespaceSchema(selects, own),
      onChange: (namespace, facts) => this.#onNamespace(namespace, facts),
    });
    this.#roots = new Reflector({
      ...common,
      ...{ name: "published roots", path: "/api/v1/configmaps", kind: "ConfigMap" },
      fieldSelector: `metadata.name=${configMap}`,
      schema: publishedRootSchema,
      onChange: (key) => this.#onRoot(key.split("/", 1)[0] ?? ""),
    });
    this.#queue = new WorkQueue({
      work: (namespace) => this.#setRight(namespace).then(() => this.#troubles.clear(namespace)),
      onTrouble: (namespace, error) => this.#troubles.note(namespace, error),
      ...{ atOnce, clock, roll },
    });
  }

  /** The reason why roots may be missing; undefined while everything works. */
  get lastError(): Error | undefined {
    return this.#namespaces.lastError ?? this.#roots.lastError ?? this.#troubles.last;
  }

  get isSynced(): boolean {
    return this.#namespaces.isSynced && this.#roots.isSynced;
  }

  /** The number of unreadable objects and events. */
  get skipped(): number {
    return this.#namespaces.skipped + this.#roots.skipped;
  }

  /** The number of namespaces without the current root, except conflicts. */
  get pending(): number {
    return this.#namespacesThat((namespace) => this.#isWrong(namespace)).length;
  }

  /** The namespaces in which the CA does not write, or writes in vain. */
  conflicts(): readonly RootConflict[] {
    const wanted = this.#bundle?.digest;
    if (wanted === undefined) return [];
    return this.#namespacesThat((namespace) =>
      this.#memory.isConflict(namespace, this.#root(namespace), wanted),
    ).map((namespace) => ({ namespace, manager: this.#writerIn(namespace) }));
  }

  /** @throws PkiError if the bundle is invalid, because agents would then trust no CA */
  publish(bundlePem: string): void {
    parseTrustBundle(bundlePem);
    this.#bundle = { pem: bundlePem, digest: digestOf(bundlePem) };
    this.#lookEverywhere();
  }

  /** Only one replica writes. The others keep watching, so that they can take over immediately. */
  setLeading(isLeading: boolean): void {
    this.#isLeading = isLeading;
    this.#lookEverywhere();
  }

  async start(): Promise<void> {
    this.#queue.start();
    await Promise.all([this.#namespaces.start(), this.#roots.start()]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#namespaces.stop(), this.#roots.stop(), this.#queue.stop()]);
  }

  #onNamespace(namespace: string, facts: NamespaceFacts | undefined): void {
    if (facts === undefined) {
      this.#queue.forget(namespace);
      this.#memory.forget(namespace);
      this.#troubles.clear(namespace);
    } else this.#onNews(namespace);
  }

  #onRoot(namespace: string): void {
    this.#see(namespace);
    this.#onNews(namespace);
  }

  /** The objects of the first lists wait until both lists are complete, and are then spread over time. */
  #onNews(namespace: string): void {
    if (this.isSynced) this.#queue.add(namespace);
  }

  #lookEverywhere(): void {
    if (!this.isSynced || this.#bundle === undefined) return;
    const outdated = this.#namespacesThat((namespace) => {
      this.#see(namespace);
      return this.#isWrong(namespace);
    });
    for (const [index, namespace] of outdated.entries()) this.#queue.add(namespace, index * spreadMs);
  }

  async #setRight(namespace: string): Promise<void> {
    if (!this.#mayWrite(namespace, this.#root(namespace)) || !this.#isWrong(namespace)) return;
    const waitMs = this.#memory.waitMs(namespace);
    if (waitMs > 0) return this.#queue.add(namespace, waitMs);
    const place = {
      client: this.#deps.client,
      collection: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`,
      name: this.#configMap,
    };
    let digest: string | undefined;
    let isMark = false;
    const isWritten = await writeObject(place, (found) => {
      const bundle = this.#bundle;
      // The cached root may be out of date, and so may the leadership.
      const root = found === undefined ? undefined : publishedRootSchema.parse(found);
      if (bundle === undefined || !this.#mayWrite(namespace, root)) return undefined;
      if (this.#memory.compareRoot(namespace, root, bundle.digest) !== "outdated") return undefined;
      digest = bundle.digest;
      isMark = root?.digest === digest && root.hasLabel;
      return withRoot(this.#configMap, found, bundle.pem, this.#deps.identity());
    });
    if (!isWritten || digest === undefined || !this.#memory.wrote(namespace, digest, isMark)) return;
    this.#deps.logger.info("restored a root that had been changed", { namespace });
  }

  #see(namespace: string): void {
    const root = this.#root(namespace);
    if (this.#bundle === undefined || !this.#concerns(namespace, root)) return;
    const news = this.#memory.see(namespace, root, this.#bundle.digest);
    const facts = { namespace, manager: this.#writerIn(namespace), code: rootPublisherConflict };
    if (news === "conflict begins")
      this.#deps.logger.warn("another program writes the root; leaving it unchanged", facts);
    if (news === "conflict ends")
      this.#deps.logger.info("the other program no longer writes the root", facts);
  }

  #mayWrite(namespace: string, root: PublishedRoot | undefined): boolean {
    return this.#isLeading && this.isSynced && this.#concerns(namespace, root);
  }

  /**
   * Running pods mount a root that the CA published before their namespace stopped being selected, so it stays current
   * until someone deletes it.
   */
  #concerns(namespace: string, root: PublishedRoot | undefined): boolean {
    const facts = this.#namespaces.current.get(namespace);
    if (!isServed(namespace, facts)) return false;
    return facts?.isSelected === true || (root !== undefined && isPublishedBy(this.#deps.identity(), root));
  }

  #isWrong(namespace: string): boolean {
    if (this.#bundle === undefined) return false;
    return this.#memory.compareRoot(namespace, this.#root(namespace), this.#bundle.digest) === "outdated";
  }

  #root(namespace: string): PublishedRoot | undefined {
    return this.#roots.current.get(`${namespace}/${this.#configMap}`);
  }

  #namespacesThat(are: (namespace: string) => boolean): readonly string[] {
    return [...this.#namespaces.current.keys()].filter(
      (namespace) => this.#concerns(namespace, this.#root(namespace)) && are(namespace),
    );
  }

  #writerIn(namespace: string): string {
    const { owner = unknown, installation } = this.#root(namespace) ?? {};
    const isOther = installation !== undefined && installation !== this.#deps.identity().installation;
    return isOther && owner === ourManager ? `the installation ${installation}` : owner;
  }
}
