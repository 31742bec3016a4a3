import assert from "node:assert/strict";
import { parseSpiffeId } from "@kasbah/pki";
import { servingNames } from "../../config/serving-names.ts";
import { ReservedNames } from "./reserved-names.ts";

const ownSpiffeId = parseSpiffeId("spiffe://cluster.local/ns/kasbah-system/sa/kasbah");
const additional = ["ca.corp.example", "mesh-ca.infra.svc", "10.0.0.1"];
const reserved = ReservedNames.from(servingNames({ additional, ownSpiffeId }), ownSpiffeId);

const own = [
  "localhost",
  "LocalHost",
  "localhost.",
  "istiod.istio-system.svc",
  "ISTIOD.istio-system.SVC.",
  "istiod.istio-system",
  "istiod.istio-system.svc.cluster.local",
  "istiod.istio-system.svc.corp.example",
  "kasbah.kasbah-system",
  "kasbah.kasbah-system.svc",
  "kasbah.kasbah-system.svc.cluster.local.",
  "ca.corp.example",
  "CA.Corp.Example",
  "mesh-ca.infra.svc",
  "mesh-ca.infra.svc.cluster.local",
];

const others = [
  "kasbah",
  "svc",
  "kasbah.svc",
  "kasbah.other.svc",
  "other.kasbah-system.svc",
  "x.kasbah.kasbah-system.svc",
  "kasbah.kasbah-systems.svc",
  "kasbah.kasbah-system.svcs",
  "kasbah.kasbah-system.example",
  "www.ca.corp.example",
  "corp.example",
  "localhost.example",
  "10.0.0.1",
];

describe("ReservedNames", () => {
  for (const name of own) {
    it(`contains ${name}, a name of the CA's server`, () => assert.ok(reserved.contains(name)));
  }

  for (const name of others) {
    it(`does not contain ${name}`, () => assert.ok(!reserved.contains(name)));
  }

  it("contains the names that every CA serves even if it has no SPIFFE ID", () => {
    const names = servingNames({ additional: [], ownSpiffeId: undefined });
    const few = ReservedNames.from(names, undefined);
    assert.ok(few.contains("istiod.istio-system.svc") && few.contains("localhost"));
    assert.ok(!few.contains("kasbah.kasbah-system.svc"));
    assert.ok(!ReservedNames.none.contains("localhost"));
  });
});
