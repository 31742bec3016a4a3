import assert from "node:assert/strict";
import { addressGroup } from "./address-group.ts";

describe("addressGroup", () => {
  for (const [address, group] of [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ] as const) {
    it(`puts ${address} into the group ${group}`, () => assert.equal(addressGroup(address), group));
  }
});
