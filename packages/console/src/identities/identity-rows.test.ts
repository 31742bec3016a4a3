import assert from "node:assert/strict";
import { identityFixture, queryFixture } from "./identity.fixture.ts";
import { type IdentityQuery, prepareRows, selectRows, sortRows } from "./identity-rows.ts";

const now = Date.UTC(2026, 10, 21);
const hourMs = 3_600_000;

const names = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name);

const rows = prepareRows([
  identityFixture("spiffe://cluster.local/ns/shop/sa/cart", {
    leftMs: 20 * hourMs,
    now,
    pod: "shop/cart-7f",
  }),
  identityFixture("spiffe://cluster.local/ns/demo/sa/frontend", { leftMs: 2 * hourMs, now }),
  identityFixture("spiffe://cluster.local/ns/demo/sa/backend", { leftMs: -hourMs, now }),
  identityFixture("spiffe://cluster.local/vm/db-1", { leftMs: 12 * hourMs, now }),
]);

const select = (fields: Partial<IdentityQuery> = {}) => {
  const query = queryFixture(fields);
  return names(selectRows(sortRows(rows, query.order), query, now));
};

describe("the list of identities", () => {
  it("is sorted by expiry or by name, in both directions", () => {
    const byExpiry = ["demo/backend", "demo/frontend", "vm/db-1", "shop/cart"];
    assert.deepEqual(select(), byExpiry);
    assert.deepEqual(select({ descending: true }), byExpiry.toReversed());
    assert.deepEqual(select({ order: "name" }), ["demo/backend", "demo/frontend", "shop/cart", "vm/db-1"]);
  });

  it("finds rows by every word of the text: name, pod, serial and SPIFFE ID, in any case", () => {
    const found = (text: string) => select({ text });
    assert.deepEqual(found("demo"), ["demo/backend", "demo/frontend"]);
    assert.deepEqual(found("  FRONT demo "), ["demo/frontend"]);
    assert.deepEqual(found("cart-7f"), ["shop/cart"]);
    assert.deepEqual(found("ns/demo/sa/backend"), ["demo/backend"]);
    assert.deepEqual(found("demo/backend"), ["demo/backend"]);
    assert.deepEqual(found("cart demo"), []);
    assert.deepEqual(found("(.*"), []);
  });

  it("shows only late or only expired identities on request", () => {
    assert.deepEqual(select({ only: "late" }), ["demo/frontend"]);
    assert.deepEqual(select({ only: "expired" }), ["demo/backend"]);
  });

  it("does not show an identity as late that has renewed in another pod", () => {
    const spiffeId = "spiffe://cluster.local/ns/demo/sa/frontend";
    const both = [2, 20].map((hours) => identityFixture(spiffeId, { leftMs: hours * hourMs, now }));
    assert.deepEqual(selectRows(prepareRows(both), queryFixture({ only: "late" }), now), []);
    assert.equal(selectRows(prepareRows(both.slice(0, 1)), queryFixture({ only: "late" }), now).length, 1);
  });
});
