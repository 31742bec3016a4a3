import assert from "node:assert/strict";
import { assertCpuTimeBelow, throwsWithCode } from "@kasbah/testkit";
import { encodePem, parsePemBlock } from "./pem.ts";

const block = "-----BEGIN X-----\nAAEC\n-----END X-----\n";

const refused: Readonly<Record<string, string>> = {
  "an empty text": "",
  "another label": block.replaceAll(" X", " Y"),
  "a label that differs at its end": block.replace("END X", "END Y"),
  "text before the block": `x\n${block}`,
  "text after the block": `${block}x`,
  "a second block": block + block,
  "a private key after the block": `${block}-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----\n`,
  "no end line": "-----BEGIN X-----\nAAEC\n",
  "an empty block": "-----BEGIN X-----\n-----END X-----\n",
  "everything on one line": "-----BEGIN X-----AAEC-----END X-----",
  "a header": "-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAEC\n-----END X-----\n",
  "an empty line": "-----BEGIN X-----\nAAEC\n\n-----END X-----\n",
  "a space in the base64": block.replace("AAEC", "AA EC"),
  "the URL alphabet": block.replace("AAEC", "AA-_"),
  "missing padding": block.replace("AAEC", "AAE"),
  "padding in the middle": block.replace("AAEC", "AA==AAEC"),
  "bits under the padding": block.replace("AAEC", "AAF="),
  "a NUL": block.replace("AAEC", "AAEC\0"),
  "characters beyond ASCII": block.replace("AAEC", "ΑΑЕС"),
  "a lone carriage return": block.replace("AAEC\n", "AAEC\r"),
};

describe("parsePemBlock", () => {
  for (const [what, text] of Object.entries(refused)) {
    it(`rejects PEM with ${what}`, () => {
      assert.throws(() => parsePemBlock(text, "X"), { code: "PEM_MALFORMED" });
    });
  }

  it("rejects more than 16 KiB before it reads any of it", () => {
    const large = encodePem("X", new Uint8Array(16 * 1024));
    assert.throws(() => parsePemBlock(large, "X"), { code: "PEM_MALFORMED" });
    assert.equal(parsePemBlock(large, "X", 32 * 1024).length, 16 * 1024);
  });

  for (const text of ["-----BEGIN ", "-----BEGIN X-----\n", "-----BEGIN X-----\n-----END "]) {
    it(`rejects 220 KB of ${JSON.stringify(text)} immediately, even if the limit would allow it`, async () => {
      const hostile = text.repeat(Math.ceil(220_000 / text.length));
      parsePemBlock(block, "X");
      for (const cap of [undefined, 1_000_000]) {
        await assertCpuTimeBelow(50, () =>
          throwsWithCode(() => parsePemBlock(hostile, "X", cap), "PEM_MALFORMED"),
        );
      }
    });
  }

  it("accepts both line endings, and white space around blocks", () => {
    assert.deepEqual(parsePemBlock(`\r\n ${block.replaceAll("\n", "\r\n")}\n`, "X"), Uint8Array.of(0, 1, 2));
  });

  it("reads back PEM that it encoded", () => {
    for (const size of [1, 47, 48, 49, 1000]) {
      const bytes = new Uint8Array(size).fill(7);
      assert.deepEqual(parsePemBlock(encodePem("X", bytes), "X"), bytes);
    }
  });
});
