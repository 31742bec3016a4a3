import assert from "node:assert/strict";
import type { ConsoleRefusal } from "../api.ts";
import { callerWords, chooseRefusals } from "./choose-refusals.ts";

const refusal = (fields: Partial<ConsoleRefusal>): ConsoleRefusal => ({
  time: "2026-11-21T07:06:05Z",
  reference: "dc9961f5206f",
  code: "TOKEN_EXPIRED",
  peer: "10.0.0.7:45684",
  problem: "the token expired 3 min ago",
  ...fields,
});

const one = refusal({ caller: "spiffe://cluster.local/ns/demo/sa/frontend" });
const other = refusal({ code: "TOKEN_AUDIENCE", reference: "8987faaf4dc3" });

describe("the choice of refusals", () => {
  it("is by code, by every word of the text, or by both", () => {
    const all = [one, other];
    assert.deepEqual(chooseRefusals(all, { text: "" }), all);
    assert.deepEqual(chooseRefusals(all, { text: "", code: "TOKEN_AUDIENCE" }), [other]);
    assert.deepEqual(chooseRefusals(all, { text: "DEMO/front token" }), [one]);
    assert.deepEqual(chooseRefusals(all, { text: "8987" }), [other]);
    assert.deepEqual(chooseRefusals(all, { text: "8987", code: "TOKEN_EXPIRED" }), []);
  });

  it("names the caller by its namespace and service account, else by the path of its ID, else by its address", () => {
    assert.equal(callerWords(one), "demo/frontend");
    assert.equal(callerWords(refusal({ caller: "spiffe://a/vm/db" })), "vm/db");
    assert.equal(callerWords(other), "10.0.0.7:45684");
  });
});
