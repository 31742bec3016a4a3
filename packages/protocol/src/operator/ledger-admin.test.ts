import assert from "node:assert/strict";
import { acceptLedgerLoss, getLedgerHeads } from "./ledger-admin.ts";

describe("LedgerAdmin messages", () => {
  it("decodes every encoded message to the same value", () => {
    const { request, response } = acceptLedgerLoss;
    assert.deepEqual(request.decode(request.encode({ reason: "a new volume" })), { reason: "a new volume" });
    const loss = { found: "the ledger is missing", evidence: "", lostAt: "2030-01-01T00:00:00.000Z" };
    assert.deepEqual(response.decode(response.encode(loss)), loss);
  });

  it("decodes known heads to the same values", () => {
    const { request, response } = getLedgerHeads;
    assert.deepEqual(request.decode(request.encode({})), {});
    const head = {
      where: "the control state",
      replica: "kasbah-1",
      origin: "a/b",
      size: 2 ** 40,
      root: "AA==",
    };
    const loss = { time: "2030-01-01T00:00:00.000Z", found: "the ledger is missing" };
    const heads = [
      { ...head, time: "2030-01-01T00:00:00.000Z" },
      { ...head, time: "", loss },
    ];
    const message = { replica: "kasbah-0", heads };
    assert.deepEqual(response.decode(response.encode(message)), message);
  });

  it("refuses an empty reason, and one that could fill an entry", () => {
    const { decode, encode } = acceptLedgerLoss.request;
    for (const reason of ["", " ", "x".repeat(1_001)])
      assert.throws(() => decode(encode({ reason })), RangeError);
  });
});
