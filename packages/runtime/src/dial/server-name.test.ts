import assert from "node:assert/strict";
import { serverNameOf, sniOf } from "./server-name.ts";

describe("serverNameOf", () => {
  it("drops the final dot of a name and the zone of an address, and nothing else", () => {
    for (const [host, name] of [
      ["kasbah.kasbah-system.svc.cluster.local.", "kasbah.kasbah-system.svc.cluster.local"],
      ["CA_1.Example", "CA_1.Example"],
      ["fe80::1%eth0", "fe80::1"],
      ["::1", "::1"],
      ["10.0.0.1", "10.0.0.1"],
    ] as const) {
      assert.equal(serverNameOf(host), name);
    }
  });

  it("sends no IP address as SNI", () => {
    assert.deepEqual(["ca.example", "10.0.0.1", "::1"].map(sniOf), ["ca.example", "", ""]);
  });
});
