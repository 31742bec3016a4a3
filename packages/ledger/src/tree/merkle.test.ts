import assert from "node:assert/strict";
import { naiveLeaf, naiveNode, referenceEntries, referenceRoots } from "@kasbah/testkit/ledger";
import fc from "fast-check";
import { emptyRoot, leafHash, nodeHash } from "./merkle.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("Merkle hashes", () => {
  it("rejects a hash of the wrong length, which could share a preimage with two others", () => {
    for (const length of [0, 31, 33, 64]) {
      assert.throws(() => nodeHash(new Uint8Array(length), emptyRoot()), RangeError);
      assert.throws(() => nodeHash(emptyRoot(), new Uint8Array(length)), RangeError);
    }
  });

  it("never produces the same hash for a leaf and a node", () => {
    const [left, right] = [leafHash(Buffer.from("a")), leafHash(Buffer.from("b"))];
    assert.notEqual(hex(leafHash(Buffer.concat([left, right]))), hex(nodeHash(left, right)));
  });

  it("matches RFC 6962 for the empty tree and for a first entry", () => {
    assert.equal(hex(emptyRoot()), referenceRoots[0]);
    assert.equal(hex(leafHash(referenceEntries[0] ?? assert.fail())), referenceRoots[1]);
  });

  it("keeps no state between calls", () => {
    fc.assert(
      fc.property(hash, hash, fc.uint8Array(), (left, right, data) => {
        const first = nodeHash(left, right);
        assert.deepEqual(nodeHash(right, left), naiveNode(right, left));
        assert.deepEqual(first, naiveNode(left, right));
        assert.deepEqual(leafHash(data), naiveLeaf(data));
      }),
    );
  });
});
