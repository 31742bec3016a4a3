import assert from "node:assert/strict";
import { ipAddressText } from "./general-name.ts";
import { ipOctets } from "./ip-octets.ts";

describe("ipOctets", () => {
  it("returns the 4 octets of an IPv4 and the 16 of an IPv6 address in any spelling", () => {
    assert.deepEqual([...ipOctets("10.1.2.255")], [10, 1, 2, 255]);
    assert.deepEqual([...ipOctets("::")], Array(16).fill(0));
    const spellings = [
      ["::1", "::1"],
      ["2001:DB8::1", "2001:db8::1"],
      ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
      ["::ffff:1.2.3.4", "::ffff:102:304"],
      ["fe80::", "fe80::"],
    ] as const;
    for (const [address, text] of spellings) {
      const octets = ipOctets(address);
      assert.equal(octets.length, 16);
      assert.equal(ipAddressText(octets), text);
    }
  });
});
