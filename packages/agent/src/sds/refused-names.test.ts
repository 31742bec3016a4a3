import assert from "node:assert/strict";
import { describeRefusal, refusedNames } from "./refused-names.ts";

const at = (minute: number) => new Date(Date.UTC(2030, 0, 1, 0, minute));

describe("refusedNames", () => {
  it("combines the refusals of all streams by name, with the first complaint", () => {
    const names = refusedNames([
      { name: "default", complaint: "later", at: at(5) },
      { name: "ROOTCA", complaint: "bad root", at: at(2) },
      { name: "default", complaint: "first", at: at(1) },
    ]);
    assert.deepEqual([...names.values()].map(describeRefusal), [
      "certificate-refused: 2 clients reject default since 2030-01-01 00:01 UTC (NACK): first",
      "certificate-refused: a client rejects ROOTCA since 2030-01-01 00:02 UTC (NACK): bad root",
    ]);
  });

  it("limits the names and the text of a client that refuses everything", () => {
    function* many() {
      for (let made = 0; made < 10_000; made += 1) {
        yield { name: `${made}${"n".repeat(2_000)}`, complaint: "\u001b[2J".repeat(9_999), at: at(0) };
      }
    }
    const names = [...refusedNames(many()).values()];
    assert.equal(names.length, 2_000);
    const [first] = names.map(describeRefusal);
    assert.ok(first !== undefined && first.length < 3_000 && !first.includes("\u001b"));
  });
});
