import assert from "node:assert/strict";
import fc from "fast-check";
import { PkiError } from "../errors.ts";
import { oid } from "../oids.ts";
import { parseDer } from "./reader.ts";
import { dottedOid } from "./values.ts";
import { encode, encodeOid, encodeSequence } from "./writer.ts";

const refused: Readonly<Record<string, string>> = {
  "no octets": "",
  "a tag without a length": "30",
  "truncated content": "3003020100ff".slice(0, 8),
  "bytes after the structure": "050000",
  "an indefinite length": "30800000",
  "a long length where a short one suffices": "0481020102",
  "a length with a leading zero": `0482007f${"00".repeat(127)}`,
  "a length of four octets": "048400000001ff",
  "a length beyond the end": "0483ffffff00",
  "a high tag number": "1f1f00",
  "an end-of-contents marker": "0000",
  "a constructed OCTET STRING": "2403040100",
  "a primitive SEQUENCE": "1000",
  "a BOOLEAN of 01": "010101",
  "a BOOLEAN of two octets": "0102ffff",
  "an empty INTEGER": "0200",
  "an INTEGER with a spare 00": "0202007f",
  "an INTEGER with a spare ff": "0202ff80",
  "an empty BIT STRING": "0300",
  "a BIT STRING with eight unused bits": "03020800",
  "a BIT STRING with unused bits that are set": "03020101",
  "an empty BIT STRING with unused bits": "030101",
  "a NULL with content": "050100",
  "an empty OBJECT IDENTIFIER": "0600",
  "a truncated OBJECT IDENTIFIER": "060181",
  "an OBJECT IDENTIFIER with padding": "06032a8001",
  "a SET OF out of order": "3106020102020101",
  "a fault deep inside": "30053003010101",
};

describe("parseDer", () => {
  for (const [what, digits] of Object.entries(refused)) {
    it(`rejects DER with ${what}`, () => {
      assert.throws(() => parseDer(Buffer.from(digits, "hex")), { code: "DER_MALFORMED" });
    });
  }

  it("rejects more than sixteen levels of nesting", () => {
    const nested = (levels: number): Uint8Array =>
      levels === 1 ? encodeSequence() : encodeSequence(nested(levels - 1));
    assert.equal(parseDer(nested(16)).children.length, 1);
    assert.throws(() => parseDer(nested(17)), { code: "DER_MALFORMED" });
  });

  it("fails only with DER_MALFORMED on arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseDer(bytes);
        } catch (error) {
          assert.ok(error instanceof PkiError && error.code === "DER_MALFORMED");
        }
      }),
    );
  });

  it("reads back what the writer encodes, at every size of the length field", () => {
    for (const size of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const { content, raw } = parseDer(encode(0x04, new Uint8Array(size)));
      assert.equal(content.length, size);
      assert.equal(raw.length, encode(0x04, new Uint8Array(size)).length);
    }
  });

  it("reads back the object identifiers that the writer encodes", () => {
    for (const dotted of ["1.2.840.10045.2.1", "2.5.29.17", "1.3.6.1.5.5.7.3.1", "2.999.3"]) {
      assert.equal(dottedOid(parseDer(encodeOid(dotted)).content), dotted);
    }
  });

  it("distinguishes the object identifiers that it knows from their neighbors", () => {
    for (const dotted of Object.values(oid)) {
      assert.equal(dottedOid(encodeOid(dotted).subarray(2)), dotted);
      for (const neighbor of [`${dotted}.0`, dotted.replace(/\d+$/, (arc) => `${Number(arc) ^ 64}`)]) {
        assert.equal(dottedOid(encodeOid(neighbor).subarray(2)), neighbor);
      }
    }
    // Both have the same checksum.
    assert.equal(dottedOid(Uint8Array.of(0x55, 0x1c, 0x11 + 31)), "2.5.28.48");
    assert.equal(dottedOid(Uint8Array.of(0x55, 0x1d, 0x11)), oid.subjectAltName);
  });
});
