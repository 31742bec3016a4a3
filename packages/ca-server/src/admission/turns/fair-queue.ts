export interface FairQueueOptions {
  /** In total. */
  readonly max: number;
  /** Of one group. */
  readonly maxPerGroup: number;
}

/** The group that an item counts against, such as a namespace or an address, and the caller in it. */
export interface QueueHolder {
  readonly group: string;
  readonly caller: string;
}

type Callers<T> = Map<string, T[]>;

/**
 * Items that wait for their turn: one of each group in turn, and of each caller of a group. If it is full, the newest
 * item of the caller that has most leaves, so that a caller with one item is safe from another with many. If no caller
 * has more than another, the newest item of the group that has most leaves.
 */
export class FairQueue<T> {
  readonly #options: FairQueueOptions;
  readonly #groups = new Map<string, Callers<T>>();
  readonly #sizes = new Map<string, number>();
  #size = 0;
  #callers = 0;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** How many callers have items. */
  get callers(): number {
    return this.#callers;
  }

  /**
   * Returns the item that must leave instead, which may be the new one.
   *
   * @param max replaces the limit of the queue, which may depend on how fast it moves
   */
  add(item: T, holder: QueueHolder, max = this.#options.max): T | undefined {
    this.#put(item, holder);
    const { group } = holder;
    if ((this.#sizes.get(group) ?? 0) > this.#options.maxPerGroup) return this.#evict([group], holder);
    return this.#size > max ? this.#evict(this.#groups.keys(), holder) : undefined;
  }

  next(): T | undefined {
    for (const [group, callers] of this.#groups) {
      for (const [caller, items] of callers) {
        const item = items.shift();
        callers.delete(caller);
        if (items.length > 0) callers.set(caller, items);
        else this.#callers -= 1;
        this.#groups.delete(group);
        if (callers.size > 0) this.#groups.set(group, callers);
        this.#count(group, -1);
        return item;
      }
    }
    return undefined;
  }

  /** Removes the newest item of the group that has most. */
  evict(): T | undefined {
    const group = this.#largestGroup(this.#groups.keys(), "");
    const caller = newestOf(this.#groups.get(group));
    return caller === undefined ? undefined : this.#removeLast({ group, caller });
  }

  #put(item: T, { group, caller }: QueueHolder): void {
    const callers: Callers<T> = this.#groups.get(group) ?? new Map();
    this.#groups.set(group, callers);
    const items = callers.get(caller) ?? [];
    callers.set(caller, items);
    if (items.length === 0) this.#callers += 1;
    items.push(item);
    this.#count(group, 1);
  }

  /** A caller that has as many as the new item's came earlier, and stays unless its group is larger. */
  #evict(groups: Iterable<string>, newest: QueueHolder): T | undefined {
    const candidates = [...groups];
    let [most, size] = [newest, this.#itemsOf(newest).length];
    for (const group of candidates) {
      for (const [caller, items] of this.#groups.get(group) ?? []) {
        if (items.length > size) [most, size] = [{ group, caller }, items.length];
      }
    }
    if (most !== newest) return this.#removeLast(most);
    const group = this.#largestGroup(candidates, newest.group);
    if (group === newest.group) return this.#removeLast(newest);
    return this.#removeLast({ group, caller: newestOf(this.#groups.get(group)) ?? "" });
  }

  #largestGroup(groups: Iterable<string>, first: string): string {
    let [largest, size] = [first, this.#sizes.get(first) ?? 0];
    for (const group of groups) {
      const items = this.#sizes.get(group) ?? 0;
      if (items > size) [largest, size] = [group, items];
    }
    return largest;
  }

  #itemsOf({ group, caller }: QueueHolder): T[] {
    return this.#groups.get(group)?.get(caller) ?? [];
  }

  #removeLast(holder: QueueHolder): T | undefined {
    const { group, caller } = holder;
    const items = this.#itemsOf(holder);
    const item = items.pop();
    const callers = this.#groups.get(group);
    if (callers !== undefined && items.length === 0 && callers.delete(caller)) this.#callers -= 1;
    if (callers?.size === 0) this.#groups.delete(group);
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

function newestOf(callers: ReadonlyMap<string, unknown> = new Map()): string | undefined {
  return [...callers.keys()].at(-1);
}
