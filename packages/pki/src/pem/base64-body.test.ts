import assert from "node:assert/strict";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { decodeBody } from "./base64-body.ts";

describe("decodeBody", () => {
  const refused: Readonly<Record<string, readonly [string, RegExp]>> = {
    nothing: ["", /is empty/],
    "white space only": [" \r\n\t", /is empty/],
    "missing padding": ["AAE", /not canonical base64/],
    "padding in the middle": ["AA==AAEC", /not base64/],
    "bits under the padding": ["AAF=", /not canonical base64/],
    "the URL alphabet": ["AA-_", /not base64/],
    "a NUL": ["AAEC\0", /not base64/],
    "letters beyond ASCII": ["ΑΑЕС", /not base64/],
    "line breaks that a shell or JSON has escaped": ["AAEC\\nAAEC", /replace every \\n with a line break/],
  };
  for (const [what, [body, reason]] of Object.entries(refused)) {
    it(`rejects a block with ${what}`, () => {
      assert.match(throwsWithCode(() => decodeBody(Buffer.from(body)), "PEM_MALFORMED").message, reason);
    });
  }

  it("reads every octet back, with any white space between any two digits", () => {
    const blank = fc.constantFrom("", "\n", "\r\n", "\r", " ", "\t", "  \n\n", "\u00A0", "\uFEFF");
    const body = fc.uint8Array({ minLength: 1, maxLength: 100 }).chain((der) => {
      const digits = [...Buffer.from(der).toString("base64")];
      const blanks = fc.array(blank, { minLength: digits.length, maxLength: digits.length });
      return blanks.map((all) => ({ der, text: digits.map((digit, at) => digit + all[at]).join("") }));
    });
    fc.assert(
      fc.property(body, ({ der, text }) => {
        assert.deepEqual(new Uint8Array(decodeBody(Buffer.from(text))), der);
      }),
    );
  });

  it("accepts exactly the texts that are canonical base64 without their white space", () => {
    const character = fc.constantFrom(..."AZaz09+/==", "\n", " ", "-", "_", "\\", "\0", "é");
    fc.assert(
      fc.property(fc.array(character, { maxLength: 24 }), (characters) => {
        const text = characters.join("");
        const plain = text.replaceAll(/[\n ]/g, "");
        const isCanonical = plain !== "" && Buffer.from(plain, "base64").toString("base64") === plain;
        const decode = () => decodeBody(Buffer.from(text));
        if (isCanonical) assert.equal(decode().toString("base64"), plain);
        else throwsWithCode(decode, "PEM_MALFORMED");
      }),
      { numRuns: 3_000 },
    );
  });
});
