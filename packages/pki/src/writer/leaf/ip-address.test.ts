import assert from "node:assert/strict";
import { toHex } from "../../bytes.ts";
import { addressOctets } from "./ip-address.ts";

const read: Readonly<Record<string, string>> = {
  "192.0.2.1": "c0000201",
  "::": "00".repeat(16),
  "::1": `${"00".repeat(15)}01`,
  "2001:DB8::a:0:1": `20010db8${"00".repeat(7)}0a00000001`,
  "::ffff:192.0.2.1": `${"00".repeat(10)}ffffc0000201`,
  "1:2:3:4:5:6:7:8": "00010002000300040005000600070008",
};

const refused = [
  "",
  "1.2.3",
  "1.2.3.256",
  "1.2.3.4.5",
  "a.b.c.d",
  "1:2",
  "1::2::3",
  "1:2:3:4:5:6:7:8:9",
  "::12345",
  ":::",
  "1:2:3:4:5:6:7::8",
  "::1.2.3",
];

describe("addressOctets", () => {
  for (const [text, octets] of Object.entries(read)) {
    it(`reads ${text}`, () => assert.equal(toHex(addressOctets(text)), octets));
  }

  for (const text of refused) {
    it(`refuses "${text}"`, () => assert.throws(() => addressOctets(text), RangeError));
  }
});
