import assert from "node:assert/strict";
import type { KeyHolders } from "../issuance/ports.ts";
import { createKeyHolders } from "./key-holders.ts";

const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";
const bank = "spiffe://cluster.local/ns/prod/sa/bank";

describe("The holders of keys", () => {
  let holders: KeyHolders;

  beforeEach(() => {
    holders = createKeyHolders();
  });

  const present = (key: string, identity: string, podUid?: string) =>
    holders.isSharedBy(key, { identity, podUid });

  it("are two when two identities present one key, in one pod or not", () => {
    assert.equal(present("key", frontend, "pod-1"), false);
    assert.equal(present("key", bank, "pod-1"), true);
    assert.equal(present("key", bank), true);
  });

  it("are two when two pods of one identity present one key", () => {
    assert.equal(present("key", frontend, "pod-1"), false);
    assert.equal(present("key", frontend, "pod-2"), true);
  });

  it("are one when a pod asks again, by its token or by its certificate, which names no pod", () => {
    assert.equal(present("key", frontend, "pod-1"), false);
    assert.equal(present("key", frontend, "pod-1"), false);
    assert.equal(present("key", frontend), false);
    assert.equal(present("key", frontend, "pod-1"), false);
  });

  it("are the first and everybody after it: whoever shares a key does not become its holder", () => {
    present("key", frontend, "pod-1");
    assert.equal(present("key", bank), true);
    assert.equal(present("key", bank), true);
    assert.equal(present("key", frontend, "pod-1"), false);
  });

  it("are told apart from when a pod is known, though the first to ask had none", () => {
    assert.equal(present("key", frontend), false);
    assert.equal(present("key", frontend, "pod-1"), false);
    assert.equal(present("key", frontend, "pod-2"), true);
    assert.equal(present("key", frontend, "pod-1"), false);
  });

  it("have nothing to do with one another when their keys differ", () => {
    for (const name of ["a", "b", "__proto__", "constructor"]) {
      assert.equal(present(name, frontend, name), false, name);
    }
  });

  it("are remembered for a hundred thousand keys, and forgotten after", () => {
    present("first", frontend, "pod-1");
    for (let number = 0; number < 99_999; number++) present(`key ${number}`, frontend, "pod-1");
    assert.equal(present("first", bank), true);
    for (let number = 0; number < 100_000; number++) present(`later ${number}`, frontend, "pod-1");
    assert.equal(present("first", bank), false);
  });
});
