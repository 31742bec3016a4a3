export interface FairPoolOptions {
  /** In total. */
  readonly max: number;
  /** Of one address. */
  readonly maxPerAddress?: number;
}

/** The connection of an entry, and the address that it counts against. */
export interface PoolHolder {
  readonly group: string;
  readonly connection: object;
}

interface Entry {
  readonly evict: () => void;
}

/**
 * A bounded number of calls that wait. A new entry always enters: if the pool is full, the oldest entry leaves of
 * the connection that has most of them. So a caller with one call is safe from another with many, even if both
 * share an address.
 */
export class FairPool {
  readonly #options: FairPoolOptions;
  readonly #groups = new Map<string, Map<object, Set<Entry>>>();
  readonly #sizes = new Map<string, number>();
  #size = 0;

  constructor(options: FairPoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** The number of entries of a connection. */
  sizeOf({ group, connection }: PoolHolder): number {
    return this.#groups.get(group)?.get(connection)?.size ?? 0;
  }

  /** Returns the function that removes the entry. `evict` is called if the pool removes it instead. */
  enter(holder: PoolHolder, evict: () => void): () => void {
    const { max, maxPerAddress = Number.POSITIVE_INFINITY } = this.#options;
    const { group } = holder;
    if ((this.#sizes.get(group) ?? 0) >= maxPerAddress) this.#evictFrom([group]);
    else if (this.#size >= max) this.#evictFrom(this.#groups.keys());
    const leaveAndEvict = () => {
      leave();
      evict();
    };
    const leave = this.#add(holder, { evict: leaveAndEvict });
    return leave;
  }

  #add({ group, connection }: PoolHolder, entry: Entry): () => void {
    const connections = this.#groups.get(group) ?? new Map<object, Set<Entry>>();
    const entries = connections.get(connection) ?? new Set<Entry>();
    this.#groups.set(group, connections.set(connection, entries.add(entry)));
    this.#count(group, 1);
    return () => {
      if (!entries.delete(entry)) return;
      this.#count(group, -1);
      if (entries.size === 0) connections.delete(connection);
      if (connections.size === 0) this.#groups.delete(group);
    };
  }

  #count(group: string, change: number): void {
    this.#size += change;
    const size = (this.#sizes.get(group) ?? 0) + change;
    if (size === 0) this.#sizes.delete(group);
    else this.#sizes.set(group, size);
  }

  #evictFrom(groups: Iterable<string>): void {
    let most: Set<Entry> | undefined;
    for (const group of groups) {
      for (const entries of this.#groups.get(group)?.values() ?? []) {
        if (most === undefined || entries.size > most.size) most = entries;
      }
    }
    const [oldest] = most ?? [];
    oldest?.evict();
  }
}
