import assert from "node:assert/strict";
import { NetworkCounts } from "./network-counts.ts";
import { peerGroup } from "./peer-group.ts";

describe("NetworkCounts", () => {
  it("names a single address, and the network of several, greatest first", () => {
    const counts = new NetworkCounts();
    counts.add("10.0.0.1");
    for (const last of [1, 2, 3]) counts.add(`10.1.2.${last}`);
    counts.add("10.0.0.1");
    counts.add("2001:db8:0:1::/64", 9);
    assert.deepEqual(counts.take(2), {
      total: 14,
      top: [
        { network: "2001:db8:0:1::/64", count: 9 },
        { network: "10.1.2.0/24", count: 3 },
      ],
    });
    assert.deepEqual(counts.take(2), { total: 0, top: [] });
  });

  it("counts any number of networks and remembers a thousand", () => {
    const counts = new NetworkCounts();
    for (let index = 0; index < 5_000; index += 1) counts.add(`10.${index >> 8}.${index & 255}.1`);
    const { total, top } = counts.take(Number.POSITIVE_INFINITY);
    assert.deepEqual([total, top.length], [5_000, 1_000]);
  });
});

describe("peerGroup", () => {
  it("groups the addresses of one host, regardless of the port", () => {
    assert.equal(peerGroup("10.0.0.1:5"), "10.0.0.1");
    assert.equal(peerGroup("[2001:db8::1]:5"), peerGroup("2001:db8::2:443"));
    assert.equal(peerGroup("unix"), "unix");
  });
});
