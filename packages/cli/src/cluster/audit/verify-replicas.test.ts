import assert from "node:assert/strict";
import { headArguments } from "./verify-replicas.ts";

const head = (size: number, root = "AA==") => ({
  ...{ where: "the replica kasbah-1", replica: "kasbah-0", origin: "cluster.local/kasbah-ledger/01" },
  ...{ size, root, time: "2030-01-01T00:00:00.000Z" },
});

describe("headArguments", () => {
  it("names each head once, the longest ledgers first, in at most 5,000 characters", () => {
    const all = Array.from({ length: 200 }, (_, size) => head(size));
    const given = headArguments([...all, ...all, head(199, "BB==")]);
    assert.ok(given.join("").length <= 5_000 && given.length > 15);
    const sizes = given.map((argument) => JSON.parse(argument.slice("--head=".length)).size);
    assert.deepEqual(sizes.slice(0, 4), [199, 199, 198, 197]);
    assert.deepEqual(headArguments([]), []);
  });
});
