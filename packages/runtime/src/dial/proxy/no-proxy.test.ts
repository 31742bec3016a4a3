import assert from "node:assert/strict";
import { bypassesProxy } from "./no-proxy.ts";

const covers = (entry: string, host: string, port = 15_012) =>
  bypassesProxy(entry.split(","), { host, port });

describe("bypassesProxy", () => {
  it("covers a domain and the names below it, without case and final dot, and no other name", () => {
    for (const entry of ["svc.cluster.local", "SVC.Cluster.Local.", " svc.cluster.local "]) {
      assert.ok(covers(entry, "kasbah.kasbah-system.svc.cluster.local."), entry);
      assert.ok(covers(entry, "svc.cluster.local"), entry);
    }
    for (const host of ["xsvc.cluster.local", "cluster.local", "svc.cluster.local.example"]) {
      assert.equal(covers("svc.cluster.local", host), false, host);
    }
  });

  it("covers only the names below a domain with a leading dot or *.", () => {
    for (const entry of [".example", "*.example"]) {
      assert.ok(covers(entry, "ca.example"));
      assert.equal(covers(entry, "example"), false);
    }
  });

  it("covers an address in any spelling, and a network", () => {
    for (const [entry, host] of [
      ["10.0.0.1", "10.0.0.1"],
      ["::1", "0:0:0:0:0:0:0:1"],
      ["[fd00::1]", "fd00::1"],
      ["10.0.0.0/8", "10.255.0.1"],
      ["fd00::/16", "fd00:1::1"],
      ["0.0.0.0/0", "1.2.3.4"],
    ] as const) {
      assert.ok(covers(entry, host), entry);
    }
    for (const [entry, host] of [
      ["10.0.0.0/8", "11.0.0.1"],
      ["10.0.0.0/8", "10.example"],
      ["10.0.0.0/33", "10.0.0.1"],
      ["10.0.0.0/", "10.0.0.1"],
      ["0.0.1", "10.0.0.1"],
      ["1", "10.0.0.1"],
    ] as const) {
      assert.equal(covers(entry, host), false, entry);
    }
  });

  it("compares the port of an entry that has one", () => {
    for (const [entry, host] of [
      ["ca.example:15012", "ca.example"],
      [".example:15012", "ca.example"],
      ["[fd00::1]:15012", "fd00::1"],
      ["10.0.0.1:15012", "10.0.0.1"],
    ] as const) {
      assert.ok(covers(entry, host), entry);
      assert.equal(covers(entry, host, 443), false, entry);
    }
  });

  it("covers everything by *, one of several entries, and nothing by an empty or malformed one", () => {
    assert.ok(covers("*", "anything.example") && covers("a.test,,ca.example", "ca.example"));
    for (const entry of ["", ",", ".", ":15012", "[::1", "a:b:c", "/8", "http://ca.example"]) {
      assert.equal(covers(entry, "ca.example"), false, entry);
    }
  });
});
