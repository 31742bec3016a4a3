import assert from "node:assert/strict";
import { parseSpiffeId, SpiffeId } from "./spiffe-id.ts";
import { parseTrustDomain } from "./trust-domain.ts";
import { parseWorkloadName } from "./workload-name.ts";

const refused = [
  "",
  "spiffe",
  "spiffe://",
  "spiffe:///ns/a/sa/b",
  "SPIFFE://td/a",
  "https://td/a",
  " spiffe://td/a",
  "spiffe://td/a\n",
  "spiffe://TD/a",
  "spiffe://td:8080/a",
  "spiffe://user@td/a",
  "spiffe://tdé/a",
  "spiffe://td/",
  "spiffe://td//a",
  "spiffe://td/a/",
  "spiffe://td/./a",
  "spiffe://td/../a",
  "spiffe://td/a?b",
  "spiffe://td/a#b",
  "spiffe://td?b",
  "spiffe://td/a%20b",
  "spiffe://td/a b",
  "spiffe://td/a\0",
  "spiffe://td/é",
  `spiffe://${"a".repeat(256)}/a`,
  `spiffe://td/${"a".repeat(2048)}`,
];

describe("SpiffeId", () => {
  for (const text of refused) {
    it(`rejects ${JSON.stringify(text.slice(0, 40))} of ${text.length} characters`, () => {
      assert.throws(() => parseSpiffeId(text), { code: "SPIFFE_ID_MALFORMED" });
    });
  }

  it("keeps the trust domain and the path of a SPIFFE ID", () => {
    const id = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
    assert.equal(id.trustDomain.name, "cluster.local");
    assert.equal(id.path, "/ns/demo/sa/frontend");
    assert.equal(id.principal, "cluster.local/ns/demo/sa/frontend");
    assert.equal(`${id}`, "spiffe://cluster.local/ns/demo/sa/frontend");
    assert.deepEqual(id.workload, { namespace: "demo", serviceAccount: "frontend" });
  });

  it("accepts a trust domain alone, at the maximum length of the specification", () => {
    const id = parseSpiffeId(`spiffe://${"a".repeat(255)}`);
    assert.equal(id.path, "");
    assert.equal(id.workload, undefined);
    assert.equal(parseSpiffeId(`spiffe://td/${"a".repeat(2048 - 12)}`).toString().length, 2048);
  });

  it("derives a workload only from Istio's form with names that Kubernetes allows", () => {
    for (const path of [
      "/ns/a/sa/b/c",
      "/ns/a",
      "/sa/a/ns/b",
      "/ns/A/sa/b",
      "/ns/a_b/sa/c",
      "/ns/a.b/sa/c",
      "/ns/-a/sa/b",
    ]) {
      assert.equal(parseSpiffeId(`spiffe://td${path}`).workload, undefined, path);
    }
    assert.equal(parseSpiffeId("spiffe://td/ns/a/sa/b.c").workload?.serviceAccount, "b.c");
  });

  it("rejects a workload whose name would change the form of the SPIFFE ID", () => {
    const trustDomain = parseTrustDomain("td");
    for (const workload of [
      { namespace: "a/sa/admin", serviceAccount: "b" },
      { namespace: "", serviceAccount: "b" },
      { namespace: "a", serviceAccount: "" },
      { namespace: "a", serviceAccount: "b/../c" },
      { namespace: "a".repeat(64), serviceAccount: "b" },
      { namespace: "a", serviceAccount: "b".repeat(254) },
      { namespace: "a", serviceAccount: "b..c" },
      { namespace: "a\n", serviceAccount: "b" },
    ]) {
      assert.throws(() => SpiffeId.forWorkload(trustDomain, workload), { code: "SPIFFE_ID_MALFORMED" });
    }
    assert.equal(
      `${SpiffeId.forWorkload(trustDomain, parseWorkloadName("a", "b"))}`,
      "spiffe://td/ns/a/sa/b",
    );
  });

  it("compares SPIFFE IDs by their text", () => {
    const id = parseSpiffeId("spiffe://td/a");
    assert.ok(id.equals(parseSpiffeId("spiffe://td/a")));
    assert.ok(!id.equals(parseSpiffeId("spiffe://td/A")));
    assert.ok(!parseTrustDomain("td").equals(parseTrustDomain("td2")));
  });
});
