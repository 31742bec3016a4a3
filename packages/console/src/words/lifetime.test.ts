import assert from "node:assert/strict";
import { lifeState, remainingShare } from "./lifetime.ts";

describe("a lifetime", () => {
  it("is late below a quarter, and expired from the expiry on", () => {
    assert.equal(lifeState(0, 100, 75), "good");
    assert.equal(lifeState(0, 100, 76), "late");
    assert.equal(lifeState(0, 100, 100), "expired");
  });

  it("has no share left if it has no length or impossible times", () => {
    assert.equal(remainingShare(0, 100, 25), 0.75);
    assert.equal(remainingShare(0, 100, 200), 0);
    assert.equal(remainingShare(0, 100, -50), 1);
    assert.equal(remainingShare(100, 100, 100), 0);
    assert.equal(remainingShare(Number.NaN, 1, 0), 0);
  });
});
