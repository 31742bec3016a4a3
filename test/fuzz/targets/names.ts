import assert from "node:assert/strict";
import { parseSpiffeId, parseTrustDomain } from "@kasbah/pki";
import { textMutants } from "../mutants.ts";
import { bytesOf, read, type Target, textOf } from "../target.ts";

const ids = ["spiffe://cluster.local/ns/demo/sa/frontend", "spiffe://a", "spiffe://td.example_1/A-z/0._-"];
const words = ["/", "//", "/./", "/../", "%2f", ":", "@", "?", "#", " ", "\n", "\u0000", "ı", "K", "．", "é"];
const domains = ["cluster.local", "a", "td_1.example-x"];

/** A name has exactly one spelling: a parsed name prints as it was written. */
export const spiffeId: Target = {
  name: "spiffe-id",
  valid: ids.map(bytesOf),
  inputs: textMutants(ids.map(bytesOf), ["spiffe://", ...words]),
  check(bytes) {
    const text = textOf(bytes);
    const id = read(() => parseSpiffeId(text));
    if (id === undefined) return "refused";
    assert.equal(id.value.toString(), text);
    assert.ok(parseSpiffeId(id.value.toString()).equals(id.value));
    const { workload } = id.value;
    if (workload !== undefined) {
      assert.equal(id.value.path, `/ns/${workload.namespace}/sa/${workload.serviceAccount}`);
    }
    assert.match(text, /^[\x21-\x7e]+$/, "it contains more than visible ASCII");
    return "accepted";
  },
};

export const trustDomain: Target = {
  name: "trust-domain",
  valid: domains.map(bytesOf),
  inputs: textMutants(domains.map(bytesOf), words),
  check(bytes) {
    const text = textOf(bytes);
    const domain = read(() => parseTrustDomain(text));
    if (domain === undefined) return "refused";
    assert.equal(domain.value.toString(), text);
    assert.equal(
      parseSpiffeId(`spiffe://${text}/x`).trustDomain.name,
      text,
      "it is not valid in a SPIFFE ID",
    );
    return "accepted";
  },
};
