import assert from "node:assert/strict";
import fc from "fast-check";
import { toJson, toJsonLine } from "./json.ts";

describe("JSON on a terminal", () => {
  it("escapes everything that a terminal interprets, and keeps the meaning", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("\u001b[2J", "\u009b2J", "\u202e", "\u2028", "\ufeff", "\u{e0001}", '"\\'),
    );
    fc.assert(
      fc.property(texts, (text) => {
        for (const json of [toJson({ [text]: text }), toJsonLine([text])])
          assert.doesNotMatch(json.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        assert.deepEqual(JSON.parse(toJsonLine([text])), [text]);
        assert.equal(toJsonLine([text]).split("\n").length, 2);
      }),
    );
  });
});
