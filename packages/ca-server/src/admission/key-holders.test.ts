import assert from "node:assert/strict";
import type { KeyHolders } from "../issuance/ports.ts";
import { createKeyHolders } from "./key-holders.ts";

const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";
const bank = "spiffe://cluster.local/ns/prod/sa/bank";

describe("KeyHolders", () => {
  let holders: KeyHolders;

  beforeEach(() => {
    holders = createKeyHolders();
  });

  const present = (key: string, identity: string, podUid?: string) =>
    holders.isSharedBy(key, { identity, podUid });

  it("reports a shared key when two identities present it, in one pod or in two", () => {
    assert.equal(present("key", frontend, "pod-1"), false);
    assert.equal(present("key", bank, "pod-1"), true);
    assert.equal(present("key", bank), true);
  });

  it("reports a shared key when two pods of one identity present it", () => {
    assert.equal(present("key", frontend, "pod-1"), false);
    assert.equal(present("key", frontend, "pod-2"), true);
  });

  it("reports no shared key when a pod renews, by its token or by its certificate, which names no pod", () => {
    assert.equal(present("key", frontend, "pod-1"), false);
    assert.equal(present("key", frontend, "pod-1"), false);
    assert.equal(present("key", frontend), false);
    assert.equal(present("key", frontend, "pod-1"), false);
  });

  it("keeps the first holder of a key, so that a pod that shares the key does not become its holder", () => {
    present("key", frontend, "pod-1");
    assert.equal(present("key", bank), true);
    assert.equal(present("key", bank), true);
    assert.equal(present("key", frontend, "pod-1"), false);
  });

  it("distinguishes pods as soon as one is known, even if the first holder named none", () => {
    assert.equal(present("key", frontend), false);
    assert.equal(present("key", frontend, "pod-1"), false);
    assert.equal(present("key", frontend, "pod-2"), true);
    assert.equal(present("key", frontend, "pod-1"), false);
  });

  it("keeps the holders of different keys separate", () => {
    for (const name of ["a", "b", "__proto__", "constructor"]) {
      assert.equal(present(name, frontend, name), false, name);
    }
  });

  it("remembers 100 000 keys and forgets older ones", () => {
    present("first", frontend, "pod-1");
    for (let number = 0; number < 99_999; number++) present(`key ${number}`, frontend, "pod-1");
    assert.equal(present("first", bank), true);
    for (let number = 0; number < 100_000; number++) present(`later ${number}`, frontend, "pod-1");
    assert.equal(present("first", bank), false);
  });
});
