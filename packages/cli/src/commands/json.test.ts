import assert from "node:assert/strict";
import fc from "fast-check";
import { toJson } from "./json.ts";

describe("A JSON document of a command", () => {
  it("holds no character that could rewrite a terminal, and loses none", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const json = toJson({ [text]: text });
        assert.doesNotMatch(json, /[^\P{C}\n\p{Co}\p{Cn}]|[\p{Zl}\p{Zp}]/u);
        assert.deepEqual(JSON.parse(json), { [text]: text });
      }),
    );
  });

  it("escapes what is beyond sixteen bits as two units", () => {
    assert.equal(toJson("\u{e0001}\u009b"), '"\\udb40\\udc01\\u009b"\n');
  });
});
