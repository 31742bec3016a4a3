import assert from "node:assert/strict";
import { FairQueue, type FairQueueOptions } from "./fair-queue.ts";

describe("FairQueue", () => {
  const queueOf = (options: Partial<FairQueueOptions> = {}) =>
    new FairQueue<string>({ max: 100, maxPerGroup: 100, ...options });
  const at = (group: string, caller = group) => ({ group, caller });

  function drained(queue: FairQueue<string>): readonly string[] {
    return Array.from({ length: queue.size }, () => queue.next() ?? "");
  }

  it("serves one item of each address in turn, however many one of them has", () => {
    const queue = queueOf();
    for (const item of ["a1", "a2", "a3", "a4"]) queue.add(item, at("attacker"));
    queue.add("good", at("good"));
    assert.deepEqual(drained(queue), ["a1", "good", "a2", "a3", "a4"]);
    assert.equal(queue.next(), undefined);
  });

  it("serves one item of each connection in turn if all callers share an address", () => {
    const queue = queueOf();
    for (const item of ["a1", "a2", "a3"]) queue.add(item, at("balancer", "attacker"));
    queue.add("good", at("balancer", "good"));
    assert.deepEqual(drained(queue), ["a1", "good", "a2", "a3"]);
  });

  it("evicts the newest item of the connection that has most when it is full", () => {
    const queue = queueOf({ max: 3 });
    for (const item of ["a1", "a2", "a3"]) assert.equal(queue.add(item, at("attacker")), undefined);
    assert.equal(queue.add("good", at("good")), "a3");
    assert.equal(queue.add("a4", at("attacker")), "a4");
    assert.deepEqual(drained(queue), ["a1", "good", "a2"]);
  });

  it("refuses the new item when it is full and each connection has one", () => {
    const queue = queueOf({ max: 2 });
    queue.add("one", at("1"));
    queue.add("two", at("2"));
    assert.equal(queue.add("three", at("3")), "three");
    assert.deepEqual(drained(queue), ["one", "two"]);
  });

  it("evicts within an address that exceeds its share, there too from the connection that has most", () => {
    const queue = queueOf({ maxPerGroup: 2 });
    queue.add("a1", at("shared", "attacker"));
    queue.add("a2", at("shared", "attacker"));
    assert.equal(queue.add("good", at("shared", "good")), "a2");
    queue.add("other", at("other"));
    assert.deepEqual(drained(queue), ["a1", "other", "good"]);
    assert.equal(queue.size, 0);
  });
});
