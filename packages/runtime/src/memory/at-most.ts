/** The options of an `LRUCache` that `atMost` returns. */
export interface GrowingLimit {
  readonly maxSize: number;
  readonly sizeCalculation: () => number;
}

/**
 * Limits an `LRUCache` to a number of entries, without reserving memory for them: with `max`, lru-cache
 * allocates the tables of a full cache at once, some 30 bytes for each entry.
 */
export function atMost(entries: number): GrowingLimit {
  return { maxSize: entries, sizeCalculation: () => 1 };
}
