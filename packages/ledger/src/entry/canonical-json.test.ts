import assert from "node:assert/strict";
import { canonicalJson } from "./canonical-json.ts";

describe("canonicalJson", () => {
  it("produces the same text for any order of members", () => {
    const one = { b: "2", a: ["x", { d: 1, c: true }] };
    const other = { a: ["x", { c: true, d: 1 }], b: "2" };
    assert.equal(canonicalJson(one), '{"a":["x",{"c":true,"d":1}],"b":"2"}');
    assert.equal(canonicalJson(other), canonicalJson(one));
  });

  it("omits undefined members and nothing else", () => {
    assert.equal(canonicalJson({ a: undefined, b: "", c: [], d: {} }), '{"b":"","c":[],"d":{}}');
  });

  it("sorts members by UTF-16 code units, as in the example of RFC 8785", () => {
    const names = ["\u20ac", "\r", "\ufb33", "1", "\ud83d\ude00", "\u0080", "\u00f6"];
    const sorted = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\ud83d\ude00", "\ufb33"];
    const text = canonicalJson(Object.fromEntries(names.map((name) => [name, "x"])));
    assert.deepEqual(
      [...text.matchAll(/"((?:[^"\\]|\\.)*)":/g)].map(([, name]) => JSON.parse(`"${name}"`)),
      sorted,
    );
  });

  it("produces one line that is unchanged when parsed and encoded again", () => {
    const value = { text: 'a\nb\u2028"\\\u0000\ud800', number: Number.MAX_SAFE_INTEGER };
    const text = canonicalJson(value);
    assert.doesNotMatch(text, /[\n\r]/);
    assert.equal(canonicalJson(JSON.parse(text)), text);
  });

  it("rejects numbers that programs write in different ways", () => {
    for (const number of [0.1, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])
      assert.throws(() => canonicalJson({ number }), RangeError);
  });
});
