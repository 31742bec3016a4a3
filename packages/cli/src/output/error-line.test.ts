import assert from "node:assert/strict";
import fc from "fast-check";
import { errorLine, parseErrorLine } from "./error-line.ts";

describe("The line that a failed command ends with", () => {
  it("is read back, whatever the message is and whatever stands before", () => {
    const message = fc.string({ unit: "binary" }).filter((text) => !text.includes("\nkasbah: "));
    fc.assert(
      fc.property(fc.string(), message, (before, text) => {
        const line = { code: "ADMIN_FAILED", message: text };
        assert.deepEqual(parseErrorLine(`${before}${errorLine(line)}`), line);
      }),
    );
  });

  it("is nowhere in what says something else", () => {
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
