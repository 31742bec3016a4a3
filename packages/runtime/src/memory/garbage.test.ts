import assert from "node:assert/strict";
import { eventually } from "@kasbah/testkit";
import { collectGarbageSoon } from "./garbage.ts";

describe("collectGarbageSoon", () => {
  it("frees objects that are no longer used, and keeps the others", async () => {
    const kept = { name: "kept" };
    const [used, unused] = [new WeakRef(kept), new WeakRef({ name: "unused" })];
    // A WeakRef keeps its target until the job that created it has ended.
    await new Promise((resolve) => setImmediate(resolve));
    for (let call = 0; call < 3; call += 1) collectGarbageSoon();
    await eventually(() => unused.deref() === undefined);
    assert.equal(used.deref(), kept);
  });

  it("exposes no collector to the rest of the program", () => {
    assert.equal("gc" in globalThis, false);
  });
});
