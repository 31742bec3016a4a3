import assert from "node:assert/strict";
import { pages, proseIn, sourceProse } from "./prose/corpus.ts";
import { countWords, wordsToAvoid } from "./prose/words.ts";

/** Allows for quotations and for correct uses of these words. */
const mostPerTenThousand = 1;

describe("plain English", () => {
  const avoid = wordsToAvoid();

  for (const [title, corpus] of [
    ["pages", pages],
    ["comments, messages and test titles", sourceProse],
  ] as const) {
    it(`${title} use the field's words, not those that CONTRIBUTING replaces`, () => {
      const { words, perTenThousand, hits } = countWords(corpus(), avoid);
      assert.ok(words > 10_000, `only ${words} words were found`);
      assert.ok(
        perTenThousand <= mostPerTenThousand,
        `${perTenThousand.toFixed(1)} of 10,000 words:\n${hits.join("\n")}`,
      );
    });
  }

  it("the list of words is read from CONTRIBUTING", () => {
    const expected = ["of ours", "is told", "for ever", "can not"].concat("whoever", "nobody");
    assert.deepEqual(
      expected.filter((word) => !avoid.includes(word)),
      [],
    );
  });

  it("a planted sentence is found in a comment, a message and a test title, across line breaks", () => {
    // The words are put together here, so that this file does not contain them.
    const planted = ["Who", "ever asks is to", "ld, for\n * ever"].join("");
    const source = `/** ${planted} */\nit("${planted.replace(/\n \*/, "")}", () => {\n  fail(\`${planted}\`); // ${planted.split(",")[0]}\n});\n`;
    const corpus = proseIn(source).map((text) => ({ path: "x.ts", text: text.replace(/\n \* /g, "\n") }));
    assert.equal(corpus.length, 4);
    assert.equal(countWords(corpus, avoid).hits.length, 4 * 2 + 3);
  });

  it("one word in ten thousand is tolerated, and two are too many", () => {
    const word = ["no", "body"].join("");
    const rateOf = (hits: number) => {
      const text = `${"plain ".repeat(10_000 - hits)}${`${word} `.repeat(hits)}`;
      return countWords([{ path: "x.md", text }], avoid).perTenThousand;
    };
    assert.equal(rateOf(1), mostPerTenThousand);
    assert.ok(rateOf(2) > mostPerTenThousand);
  });
});
