import assert from "node:assert/strict";
import { pageNames, parseRoute, routeHash, tokenIn } from "./route.ts";

describe("the address of a page", () => {
  it("leads back to the same page and query", () => {
    for (const page of pageNames) {
      const query = { q: "a b&c=#?", code: "TOKEN_EXPIRED" };
      assert.deepEqual(parseRoute(routeHash(page, query)), { page, query });
    }
    assert.equal(routeHash("overview"), "#/");
    assert.equal(routeHash("refusals", { code: undefined, q: "" }), "#/refusals");
  });

  it("leads to the overview if it is unknown or empty", () => {
    for (const hash of ["", "#", "#/", "#/nothing", "#/__proto__", "#refusals"])
      assert.deepEqual(parseRoute(hash), { page: "overview", query: {} });
  });

  it("is a one-time link if it is a token and no route", () => {
    const token = "A".repeat(42).concat("_");
    assert.equal(tokenIn(`#${token}`), token);
    assert.equal(tokenIn("#/identities?q=12345678901234567890"), undefined);
    assert.equal(tokenIn(""), undefined);
  });
});
