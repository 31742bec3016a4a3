import assert from "node:assert/strict";
import { quote } from "./quote.ts";

describe("quote", () => {
  it("escapes controls and bidirectional overrides of a claim, and cuts a long one", () => {
    assert.equal(quote(["o\u001b[31m\u202e\u009b"]), '["o\\u001b[31m\\u202e\\u009b"]');
    assert.equal(quote(undefined), "nothing");
    assert.doesNotMatch(quote("\u202e".repeat(500)), /\u202e/);
    assert.equal(quote("x".repeat(500)).length, 201);
  });
});
