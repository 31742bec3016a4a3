import { setImmediate as nextTurn } from "node:timers/promises";
import type { ResourceProvider } from "./resource-provider.ts";

/** Someone to be told of changes. It must not throw: the others are still to be told. */
export interface Follower {
  update(changed: readonly string[]): void;
}

interface Topic {
  readonly followers: Set<Follower>;
  readonly stop: () => void;
}

const noNames: ReadonlySet<string> = new Set();

/**
 * Tells followers of the names that changed. Each name is watched once, however many follow it, and for no longer than
 * somebody does. Roots reach every stream, of either protocol, before any certificate reaches one: peers' new root must be
 * trusted before our leaf comes under it.
 */
export class SecretUpdates {
  readonly #catalog: ResourceProvider;
  readonly #topics = new Map<string, Topic>();
  readonly #names = new Map<Follower, ReadonlySet<string>>();
  readonly #changed = new Set<string>();
  #isPushing = false;

  constructor(catalog: ResourceProvider) {
    this.#catalog = catalog;
  }

  /** Names that are watched now. */
  get watched(): number {
    return this.#topics.size;
  }

  /** Makes these the names that `follower` is told of; none ends it. */
  follow(follower: Follower, names: ReadonlySet<string>): void {
    const before = this.#names.get(follower) ?? noNames;
    if (before === names) return;
    if (names.size === 0) this.#names.delete(follower);
    else this.#names.set(follower, names);
    for (const name of names) if (!before.has(name)) this.#join(name, follower);
    for (const name of before) if (!names.has(name)) this.#leave(name, follower);
  }

  unfollow(follower: Follower): void {
    this.follow(follower, noNames);
  }

  #join(name: string, follower: Follower): void {
    const topic = this.#topics.get(name);
    if (topic !== undefined) {
      topic.followers.add(follower);
      return;
    }
    const followers = new Set([follower]);
    this.#topics.set(name, { followers, stop: this.#catalog.watch(name, () => this.#onChange(name)) });
  }

  #leave(name: string, follower: Follower): void {
    const topic = this.#topics.get(name);
    topic?.followers.delete(follower);
    if (topic?.followers.size !== 0) return;
    this.#topics.delete(name);
    topic.stop();
  }

  #onChange(name: string): void {
    this.#changed.add(name);
    if (!this.#isPushing) void this.#push();
  }

  /**
   * Streams that share a connection send in the order in which they were opened, unless a turn of the event loop lies
   * between the writes: without it Envoy would get a leaf before the root that its peers need.
   */
  async #push(): Promise<void> {
    this.#isPushing = true;
    // One publication changes several names, one after the other: all of them first.
    await Promise.resolve();
    while (this.#changed.size > 0) {
      this.#tell(this.#takeNext());
      await nextTurn();
    }
    this.#isPushing = false;
  }

  /** Roots if any have changed, also meanwhile; the rest when none has. */
  #takeNext(): readonly string[] {
    const all = [...this.#changed];
    const roots = all.filter((name) => this.#catalog.current(name)?.secret.kind === "validationContext");
    const next = roots.length > 0 ? roots : all;
    for (const name of next) this.#changed.delete(name);
    return next;
  }

  #tell(changed: readonly string[]): void {
    const concerned = new Map<Follower, string[]>();
    for (const name of changed) {
      for (const follower of this.#topics.get(name)?.followers ?? []) {
        const names = concerned.get(follower);
        if (names === undefined) concerned.set(follower, [name]);
        else names.push(name);
      }
    }
    for (const [follower, names] of concerned) {
      follower.update(names);
    }
  }
}
