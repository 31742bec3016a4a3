import assert from "node:assert/strict";
import { queryFixture } from "./identity.fixture.ts";
import { queryIn, queryParts } from "./query.ts";

describe("the query of the identities in the address", () => {
  it("is read as it was written", () => {
    for (const query of [
      queryFixture(),
      queryFixture({ text: "demo front", order: "name", descending: true, only: "late" }),
      queryFixture({ only: "expired" }),
    ])
      assert.deepEqual(queryIn(queryParts(query)), query);
  });

  it("is the default if the address has unknown words", () => {
    assert.deepEqual(queryIn({ sort: "x", down: "y", only: "z" }), queryFixture());
  });
});
