import assert from "node:assert/strict";
import fc from "fast-check";
import { errorLine, parseErrorLine } from "./error-line.ts";

describe("parseErrorLine", () => {
  it("reads back any message, regardless of the text before it", () => {
    const message = fc.string({ unit: "binary" }).filter((text) => !text.includes("\nkasbah: "));
    fc.assert(
      fc.property(fc.string(), message, (before, text) => {
        const line = { code: "ADMIN_FAILED", message: text };
        assert.deepEqual(parseErrorLine(`${before}${errorLine(line)}`), line);
      }),
    );
  });

  it("finds nothing in other text", () => {
    for (const text of [
      "",
      "kasbah: no code",
      "say kasbah: it (CODE)",
      "kasbah: it (CODE) and more",
      "kasbah: (x)",
    ]) {
      assert.equal(parseErrorLine(text), undefined, text);
    }
  });
});
