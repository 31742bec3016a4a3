import assert from "node:assert/strict";
import { identityCount } from "./identity-count.ts";

const list = (names: number, total: number, listed = total) => ({
  names,
  total,
  identities: { length: listed },
});

describe("the count of identities", () => {
  it("is that of the overview, with the certificates if pods share an identity", () => {
    assert.equal(identityCount(list(4, 4), 4), "4 identities");
    assert.equal(identityCount(list(1, 1), 1), "1 identity");
    assert.equal(identityCount(list(1, 3), 3), "1 identity with 3 certificates");
  });

  it("states how many of the listed certificates a search found", () => {
    assert.equal(identityCount(list(4, 4), 1), "1 of 4 identities");
    assert.equal(identityCount(list(2, 1200), 1000), "1,000 of 1,200 certificates");
  });

  it("states that a list which is too long has only the first by name", () => {
    const cut = list(150_000, 200_000, 100_000);
    const note = "; the first 100,000 by name are listed";
    assert.equal(identityCount(cut, 100_000), `150,000 identities with 200,000 certificates${note}`);
    assert.equal(identityCount(cut, 7), `7 of 200,000 certificates${note}`);
  });
});
