import assert from "node:assert/strict";
import { acceptLossAct, gapAct, ledgerAct, type OperatorEntry } from "@kasbah/ledger";
import { renderEntryLine } from "./entry.ts";

const time = new Date("2026-11-21T12:00:00Z");

describe("Rendered line of an entry", () => {
  it("shows a record of the CA about its ledger as such, and not as something that an operator accepted", () => {
    const entry = ledgerAct(gapAct, { found: "the ledger is missing" }, time);
    assert.equal(lineOf(entry), "2026-11-21T12:00:00Z  ledger     ledger-gap\n");
  });

  it("shows the acceptance of a loss as an act of its operator, with the reason", () => {
    const entry: OperatorEntry = {
      ...ledgerAct(gapAct, {}, time),
      ...{ act: acceptLossAct, reason: "a new volume", operatorUnverified: "ana" },
    };
    const line = "2026-11-21T12:00:00Z  operator   accept-ledger-loss accepted  by ana  a new volume\n";
    assert.equal(lineOf(entry), line);
  });
});

function lineOf(entry: OperatorEntry): string {
  return renderEntryLine({ slot: "0", index: 0, line: Buffer.alloc(0), entry });
}
