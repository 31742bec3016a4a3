import { setImmediate as nextTurn } from "node:timers/promises";
import type { ResourceProvider } from "./resource-catalog.ts";

/** Is notified of changed names. `update` must not throw: the other subscribers are still to be notified. */
export interface UpdateSubscriber {
  update(changed: readonly string[]): void;
}

interface Topic {
  readonly subscribers: Set<UpdateSubscriber>;
  readonly stop: () => void;
}

const noNames: ReadonlySet<string> = new Set();

/**
 * Notifies subscribers of changed names. Each name is watched once, only while it has subscribers. Trust
 * bundles reach every stream before any certificate does: peers must trust the new root before our leaf is
 * issued under it.
 */
export class SecretUpdates {
  readonly #catalog: ResourceProvider;
  readonly #topics = new Map<string, Topic>();
  readonly #names = new Map<UpdateSubscriber, ReadonlySet<string>>();
  readonly #changed = new Set<string>();
  #isPushing = false;

  constructor(catalog: ResourceProvider) {
    this.#catalog = catalog;
  }

  /** The number of names that are watched now. */
  get watched(): number {
    return this.#topics.size;
  }

  /** Sets the names `subscriber` is notified about; an empty set unsubscribes it. */
  subscribe(subscriber: UpdateSubscriber, names: ReadonlySet<string>): void {
    const before = this.#names.get(subscriber) ?? noNames;
    if (before === names) return;
    if (names.size === 0) this.#names.delete(subscriber);
    else this.#names.set(subscriber, names);
    for (const name of names) if (!before.has(name)) this.#join(name, subscriber);
    for (const name of before) if (!names.has(name)) this.#leave(name, subscriber);
  }

  unsubscribe(subscriber: UpdateSubscriber): void {
    this.subscribe(subscriber, noNames);
  }

  #join(name: string, subscriber: UpdateSubscriber): void {
    const topic = this.#topics.get(name);
    if (topic !== undefined) {
      topic.subscribers.add(subscriber);
      return;
    }
    const subscribers = new Set([subscriber]);
    this.#topics.set(name, { subscribers, stop: this.#catalog.watch(name, () => this.#onChange(name)) });
  }

  #leave(name: string, subscriber: UpdateSubscriber): void {
    const topic = this.#topics.get(name);
    topic?.subscribers.delete(subscriber);
    if (topic?.subscribers.size !== 0) return;
    this.#topics.delete(name);
    topic.stop();
  }

  #onChange(name: string): void {
    this.#changed.add(name);
    if (!this.#isPushing) void this.#push();
  }

  /**
   * Streams that share a connection flush in the order in which they were opened, unless the writes fall into
   * different turns of the event loop. Without the extra turn Envoy would receive a leaf before the root that
   * its peers need.
   */
  async #push(): Promise<void> {
    this.#isPushing = true;
    // One publication changes several names in succession: wait for all of them.
    await Promise.resolve();
    while (this.#changed.size > 0) {
      this.#notify(this.#takeNext());
      await nextTurn();
    }
    this.#isPushing = false;
  }

  /** Trust bundles if any have changed, including those that changed in the meantime; otherwise the rest. */
  #takeNext(): readonly string[] {
    const all = [...this.#changed];
    const roots = all.filter((name) => this.#catalog.current(name)?.secret.kind === "validationContext");
    const next = roots.length > 0 ? roots : all;
    for (const name of next) this.#changed.delete(name);
    return next;
  }

  #notify(changed: readonly string[]): void {
    const concerned = new Map<UpdateSubscriber, string[]>();
    for (const name of changed) {
      for (const subscriber of this.#topics.get(name)?.subscribers ?? []) {
        const names = concerned.get(subscriber);
        if (names === undefined) concerned.set(subscriber, [name]);
        else names.push(name);
      }
    }
    for (const [subscriber, names] of concerned) {
      subscriber.update(names);
    }
  }
}
