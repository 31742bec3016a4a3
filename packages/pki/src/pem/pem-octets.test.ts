import assert from "node:assert/strict";
import { encodePem } from "./pem.ts";
import { encodePemOctets } from "./pem-octets.ts";

describe("PEM as octets", () => {
  it("is encoded as PEM in a string is, for every length", () => {
    for (let length = 1; length < 200; length += 1) {
      const der = Uint8Array.from({ length }, (_, index) => (index * 37 + length) % 256);
      assert.equal(Buffer.from(encodePemOctets("X", der)).toString(), encodePem("X", der));
    }
  });
});
