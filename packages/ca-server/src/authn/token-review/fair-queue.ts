export interface FairQueueOptions {
  /** In total. */
  readonly max: number;
  /** Of one address. */
  readonly maxPerAddress: number;
}

/** The address that an item counts against, and the connection on which it came. */
export interface QueueHolder {
  readonly group: string;
  readonly connection: string;
}

type Connections<T> = Map<string, T[]>;

/**
 * Items that wait for their turn: one of each address in turn, and of each connection of an address. If it is full,
 * the newest item of the connection that has most leaves, so that a caller with one item is safe from another with many.
 */
export class FairQueue<T> {
  readonly #options: FairQueueOptions;
  readonly #groups = new Map<string, Connections<T>>();
  readonly #sizes = new Map<string, number>();
  #size = 0;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** Returns the item that must leave instead, which may be the new one. */
  add(item: T, holder: QueueHolder): T | undefined {
    const { max, maxPerAddress } = this.#options;
    this.#put(item, holder);
    const { group } = holder;
    if ((this.#sizes.get(group) ?? 0) > maxPerAddress) return this.#evict([group], holder);
    return this.#size > max ? this.#evict(this.#groups.keys(), holder) : undefined;
  }

  next(): T | undefined {
    for (const [group, connections] of this.#groups) {
      for (const [connection, items] of connections) {
        const item = items.shift();
        connections.delete(connection);
        if (items.length > 0) connections.set(connection, items);
        this.#groups.delete(group);
        if (connections.size > 0) this.#groups.set(group, connections);
        this.#count(group, -1);
        return item;
      }
    }
    return undefined;
  }

  #put(item: T, { group, connection }: QueueHolder): void {
    const connections: Connections<T> = this.#groups.get(group) ?? new Map();
    this.#groups.set(group, connections);
    const items = connections.get(connection) ?? [];
    connections.set(connection, items);
    items.push(item);
    this.#count(group, 1);
  }

  /** A connection that has as many as the new item's is older, and stays. */
  #evict(groups: Iterable<string>, newest: QueueHolder): T | undefined {
    let [most, size] = [newest, this.#itemsOf(newest).length];
    for (const group of groups) {
      for (const [connection, items] of this.#groups.get(group) ?? []) {
        if (items.length > size) [most, size] = [{ group, connection }, items.length];
      }
    }
    return this.#removeLast(most);
  }

  #itemsOf({ group, connection }: QueueHolder): T[] {
    return this.#groups.get(group)?.get(connection) ?? [];
  }

  #removeLast(holder: QueueHolder): T | undefined {
    const { group, connection } = holder;
    const items = this.#itemsOf(holder);
    const item = items.pop();
    const connections = this.#groups.get(group);
    if (items.length === 0) connections?.delete(connection);
    if (connections?.size === 0) this.#groups.delete(group);
    this.#count(group, -1);
    return item;
  }

  #count(group: string, change: number): void {
    this.#size += change;
    const size = (this.#sizes.get(group) ?? 0) + change;
    if (size === 0) this.#sizes.delete(group);
    else this.#sizes.set(group, size);
  }
}
