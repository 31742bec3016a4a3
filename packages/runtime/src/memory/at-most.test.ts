import assert from "node:assert/strict";
import { LRUCache } from "lru-cache";
import { atMost } from "./at-most.ts";

describe("atMost", () => {
  it("limits a cache to a number of entries, and evicts the one that was used least recently", () => {
    const cache = new LRUCache<string, number>(atMost(2));
    cache.set("a", 1).set("b", 2);
    cache.get("a");
    cache.set("c", 3).set("c", 4);
    assert.deepEqual([...cache.entries()].sort(), [
      ["a", 1],
      ["c", 4],
    ]);
  });

  it("reserves no memory for entries that are not there", () => {
    const before = process.memoryUsage().external;
    const caches = Array.from({ length: 20 }, () => new LRUCache<string, number>(atMost(100_000)));
    const reserved = process.memoryUsage().external - before;
    assert.ok(reserved < 1024 ** 2, `${reserved} bytes for ${caches.length} caches`);
  });
});
