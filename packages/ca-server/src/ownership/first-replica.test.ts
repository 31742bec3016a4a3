import assert from "node:assert/strict";
import { isFirstReplica } from "./first-replica.ts";

describe("First replica", () => {
  it("is the pod with ordinal 0, or a process without an ordinal", () => {
    for (const name of [
      "kasbah-0",
      undefined,
      "laptop",
      "kasbah-7d9f8b6c5d-x2x9z",
      "kasbah-7d9f8b6c5d-48275",
    ])
      assert.equal(isFirstReplica(name), true, String(name));
    for (const name of ["kasbah-1", "kasbah-9", "kasbah-12"]) assert.equal(isFirstReplica(name), false, name);
  });
});
