import assert from "node:assert/strict";
import fc from "fast-check";
import { encodePem, parsePemBlock } from "./pem.ts";
import { encodePemOctets, parsePemOctets } from "./pem-octets.ts";

const outcomeOf = (parse: () => Uint8Array): string => {
  try {
    return Buffer.from(parse()).toString("hex");
  } catch (error) {
    return String((error as { code?: string }).code);
  }
};

describe("PEM as octets", () => {
  it("is encoded as PEM in a string is, for every length", () => {
    for (let length = 1; length < 200; length += 1) {
      const der = Uint8Array.from({ length }, (_, index) => (index * 37 + length) % 256);
      assert.equal(Buffer.from(encodePemOctets("X", der)).toString(), encodePem("X", der));
      assert.deepEqual(new Uint8Array(parsePemOctets(encodePemOctets("X", der), "X")), der);
    }
  });

  it("accepts and rejects the same texts as PEM in a string, regardless of which characters are changed", () => {
    const characters = fc.constantFrom(..."AB+/=-_ \t\r\n\0Xé", "\n\n", "\r\n", "==", "-----END X-----\n");
    const change = fc.tuple(fc.nat(130), fc.nat(3), characters);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(change, { maxLength: 3 }), (der, changes) => {
        let text = encodePem("X", der);
        for (const [at, removed, inserted] of changes) {
          text = text.slice(0, at) + inserted + text.slice(at + removed);
        }
        const octets = outcomeOf(() => parsePemOctets(Buffer.from(text), "X"));
        assert.equal(
          octets,
          outcomeOf(() => parsePemBlock(text, "X")),
          JSON.stringify(text),
        );
      }),
      { numRuns: 5_000 },
    );
  });

  it("rejects more than 16 KiB", () => {
    const large = encodePemOctets("X", new Uint8Array(16 * 1024));
    assert.throws(() => parsePemOctets(large, "X"), { code: "PEM_MALFORMED" });
  });
});
