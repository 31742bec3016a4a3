import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createReferenceIds } from "./reference-ids.ts";

describe("createReferenceIds", () => {
  it("returns names of twelve hexadecimal digits, and none twice", () => {
    const newId = createReferenceIds(randomBytes);
    const ids = Array.from({ length: 5_000 }, newId);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[0-9a-f]{12}$/);
  });

  it("uses each random octet once, in order", () => {
    const drawn: string[] = [];
    const newId = createReferenceIds((length) => {
      const octets = Buffer.alloc(length, drawn.length + 1);
      drawn.push(octets.toString("hex"));
      return octets;
    });
    const ids = Array.from({ length: 1_500 }, newId).join("");
    assert.equal(drawn.length, 3);
    assert.ok(drawn.join("").startsWith(ids));
  });
});
