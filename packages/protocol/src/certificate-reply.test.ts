import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeCertificateReply, encodeChainElements } from "./certificate-reply.ts";
import { createCertificate } from "./certificate-service.ts";

/** The characters of PEM. */
const pem = fc.string({ unit: fc.constantFrom(..."ABCxyz019+/=-\n "), maxLength: 20_000 });

describe("encodeCertificateReply", () => {
  it("produces the octets of the codec for any chain", () => {
    fc.assert(
      fc.property(pem, fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 }), (leaf, others) => {
        const expected = createCertificate.response.encode({ certChain: [leaf, ...others] });
        const reply = encodeCertificateReply(leaf, encodeChainElements(others));
        assert.deepEqual(Buffer.from(reply), Buffer.from(expected));
      }),
    );
  });

  it("encodes the length of a leaf at each limit of a varint", () => {
    for (const length of [0, 1, 127, 128, 129, 16_383, 16_384, 16_385, 2_097_151, 2_097_152]) {
      const leaf = "A".repeat(length);
      const reply = encodeCertificateReply(leaf, encodeChainElements(["root"]));
      assert.deepEqual(createCertificate.response.decode(reply), { certChain: [leaf, "root"] }, `${length}`);
    }
  });
});
