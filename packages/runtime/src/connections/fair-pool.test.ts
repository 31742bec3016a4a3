import assert from "node:assert/strict";
import { FairPool, type FairPoolOptions } from "./fair-pool.ts";

describe("FairPool", () => {
  let evicted: string[];

  beforeEach(() => {
    evicted = [];
  });

  function poolOf(options: FairPoolOptions) {
    const pool = new FairPool(options);
    const connections = new Map<string, object>();
    const enter = (name: string, group: string, connection: string) => {
      const key = connections.get(connection) ?? {};
      connections.set(connection, key);
      return pool.enter({ group, connection: key }, () => evicted.push(name));
    };
    return { pool, enter };
  }

  it("evicts the oldest entry of the connection that has most, and never the entry of a caller with one", () => {
    const { pool, enter } = poolOf({ max: 4 });
    enter("good", "10.0.0.1", "good");
    for (const name of ["a", "b", "c", "d", "e"]) enter(name, "10.0.0.2", "flood");
    assert.deepEqual(evicted, ["a", "b"]);
    assert.equal(pool.size, 4);
  });

  it("evicts within an address that exceeds its share, there too from the connection that has most", () => {
    const { pool, enter } = poolOf({ max: 10, maxPerAddress: 3 });
    enter("good", "10.0.0.1", "good");
    enter("other", "10.0.0.9", "other");
    for (const name of ["a", "b", "c"]) enter(name, "10.0.0.1", "flood");
    assert.deepEqual(evicted, ["a"]);
    assert.equal(pool.size, 4);
  });

  it("evicts the oldest entry if each connection has one", () => {
    const { enter } = poolOf({ max: 2 });
    for (const name of ["a", "b", "c", "d"]) enter(name, `10.0.0.${name}`, name);
    assert.deepEqual(evicted, ["a", "b"]);
  });

  it("counts an entry once that leaves twice, or leaves after it was evicted", () => {
    const { pool, enter } = poolOf({ max: 1, maxPerAddress: 1 });
    const leave = enter("a", "10.0.0.1", "one");
    enter("b", "10.0.0.1", "two");
    leave();
    assert.equal(pool.size, 1);
    const again = enter("c", "10.0.0.2", "three");
    again();
    again();
    assert.equal(pool.size, 0);
    assert.deepEqual(evicted, ["a", "b"]);
  });
});
