import assert from "node:assert/strict";
import { assert as holds, property, uint8Array } from "fast-check";
import { huffmanDecode, huffmanEncode } from "./huffman.fixture.ts";
import { huffmanLength } from "./huffman-length.ts";

describe("huffmanLength", () => {
  it("counts the octets of every coded string", () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
    assert.equal(huffmanLength(huffmanEncode(all)), 256);
    for (const octet of all)
      assert.equal(huffmanLength(huffmanEncode(Buffer.of(octet))), 1, `octet ${octet}`);
    holds(
      property(uint8Array({ maxLength: 300 }), (octets) => {
        assert.equal(huffmanLength(huffmanEncode(octets)), octets.length);
      }),
    );
  });

  it("agrees with a decoder on every string of bits, also invalid ones", () => {
    holds(
      property(uint8Array({ maxLength: 40 }), (octets) => {
        assert.equal(huffmanLength(octets), huffmanDecode(octets)?.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it("refuses EOS, padding of eight bits, and padding with a zero", () => {
    assert.equal(huffmanLength(Buffer.from("ffffffff", "hex")), undefined);
    assert.equal(huffmanLength(Buffer.from("1fff", "hex")), undefined);
    assert.equal(huffmanLength(Buffer.from("18", "hex")), undefined);
    assert.equal(huffmanLength(Buffer.from("1f", "hex")), 1);
    assert.equal(huffmanLength(Buffer.alloc(0)), 0);
  });

  it("counts what RFC 7541 appendix C.4 shows", () => {
    assert.equal(huffmanLength(Buffer.from("f1e3c2e5f23a6ba0ab90f4ff", "hex")), "www.example.com".length);
    assert.equal(huffmanLength(Buffer.from("a8eb10649cbf", "hex")), "no-cache".length);
  });
});
