import assert from "node:assert/strict";
import fc from "fast-check";
import { markedParts } from "./marked-parts.ts";

describe("a text with code", () => {
  it("is split at backticks, and at a command in parentheses", () => {
    assert.deepEqual(markedParts("set `--token-audience`, or wait"), [
      { kind: "text", text: "set " },
      { kind: "code", text: "--token-audience" },
      { kind: "text", text: ", or wait" },
    ]);
    assert.deepEqual(markedParts("mount a token (kasbah why 6163fc --state-dir /s)"), [
      { kind: "text", text: "mount a token (" },
      { kind: "command", text: "kasbah why 6163fc --state-dir /s" },
      { kind: "text", text: ")" },
    ]);
    assert.deepEqual(markedParts("`kubectl get pods`"), [{ kind: "command", text: "kubectl get pods" }]);
  });

  it("loses nothing but backticks for any text from the network", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("`", "(", ")", "kasbah ", "a", "<b>") }), (text) => {
        const joined = markedParts(text).map((part) => part.text);
        assert.equal(joined.join("").replaceAll("`", ""), text.replaceAll("`", ""));
      }),
    );
  });
});
