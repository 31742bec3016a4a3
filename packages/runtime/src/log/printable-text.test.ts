import assert from "node:assert/strict";
import fc from "fast-check";
import { printableText, quoted } from "./printable-text.ts";

describe("printableText", () => {
  it("leaves no control, format or separator character in any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.doesNotMatch(printableText(text), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it("escapes a surrogate whose other half was cut off", () => {
    assert.match(printableText(`${"x".repeat(9)}😀`, 10), /^x{9}\\ud83d… \(11 characters\)$/);
  });

  it("keeps readable text of any script as it is", () => {
    const text = "trust domain cluster.local, Zertifikat für ñ, 証明書, 😀";
    assert.equal(printableText(text), text);
  });

  it("quotes a short form of the text for messages", () => {
    assert.equal(quoted("a\u202eb"), '"a\\u202eb"');
    assert.ok(quoted("x".repeat(10_000)).length < 120);
  });
});
