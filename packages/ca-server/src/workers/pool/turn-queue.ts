/** A queue in which groups take turns, so that one with many items does not delay those of the others. */
export class TurnQueue<Item> {
  readonly #groups = new Map<string, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(group: string, item: Item): void {
    const items = this.#groups.get(group);
    if (items === undefined) this.#groups.set(group, [item]);
    else items.push(item);
    this.#size += 1;
  }

  /** Removes the oldest item of the group whose turn it is. */
  take(): Item | undefined {
    for (const [group, items] of this.#groups) {
      const item = items.shift();
      this.#groups.delete(group);
      if (items.length > 0) this.#groups.set(group, items);
      this.#size -= 1;
      return item;
    }
    return undefined;
  }

  /** Removes the newest item of the group with the most items. */
  takeNewestOfMost(): Item | undefined {
    let most: [string, Item[]] | undefined;
    for (const group of this.#groups)
      if (most === undefined || group[1].length > most[1].length) most = group;
    if (most === undefined) return undefined;
    const [group, items] = most;
    const item = items.pop();
    if (items.length === 0) this.#groups.delete(group);
    this.#size -= 1;
    return item;
  }
}
