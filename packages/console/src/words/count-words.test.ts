import assert from "node:assert/strict";
import { countWords, pluralWords, sizeWords } from "./count-words.ts";

describe("the words for counts", () => {
  it("group thousands and choose the plural", () => {
    assert.equal(countWords(999), "999");
    assert.equal(countWords(1_234_567), "1,234,567");
    assert.equal(pluralWords(1, "refusal"), "1 refusal");
    assert.equal(pluralWords(0, "refusal"), "0 refusals");
    assert.equal(pluralWords(2, "identity", "identities"), "2 identities");
  });

  it("sizes have a unit and at most three digits", () => {
    assert.equal(sizeWords(0), "0 B");
    assert.equal(sizeWords(1023), "1023 B");
    assert.equal(sizeWords(1536), "1.5 KiB");
    assert.equal(sizeWords(150 * 1024 ** 2), "150 MiB");
    assert.equal(sizeWords(1.4 * 1024 ** 3), "1.4 GiB");
    assert.equal(sizeWords(5 * 1024 ** 6), "5120 PiB");
  });
});
