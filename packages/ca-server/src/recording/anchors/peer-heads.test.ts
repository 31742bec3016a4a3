import assert from "node:assert/strict";
import { manualSweep, recordingLogger } from "@kasbah/testkit";
import type { LedgerHead } from "../../authorities/rotation/authority-state.ts";
import { PeerHeads } from "./peer-heads.ts";

const head = (changes: Partial<LedgerHead> = {}): LedgerHead => ({
  ...{ holder: "a1b2c3", origin: "cluster.local/kasbah-ledger/01", size: 10, root: "AA==" },
  ...{ time: "2030-01-01T00:00:00.000Z", ...changes },
});

describe("PeerHeads", () => {
  async function reportsAfter(...steps: readonly LedgerHead[]): Promise<number> {
    const [logger, minute] = [recordingLogger(), manualSweep()];
    let heads: readonly LedgerHead[] = [head(), head({ holder: "other" })];
    const peers = new PeerHeads({ heads: () => heads, sweep: minute.sweep, logger });
    await peers.start();
    for (const step of steps) {
      heads = [step, head({ holder: "other" })];
      minute.tick();
    }
    await peers.stop();
    return logger.named("the ledger of a replica was replaced or went back").length;
  }

  it("reports a replica whose ledger goes back, is forked or becomes another one, once", async () => {
    assert.equal(await reportsAfter(head({ size: 9 }), head({ size: 9 })), 1);
    assert.equal(await reportsAfter(head({ root: "BB==" })), 1);
    assert.equal(await reportsAfter(head({ origin: "cluster.local/kasbah-ledger/02", size: 20 })), 1);
  });

  it("reports nothing for a ledger that grows, and for a replica that is new or gone", async () => {
    assert.equal(await reportsAfter(head(), head({ size: 11, root: "BB==" })), 0);
    assert.equal(await reportsAfter(head({ holder: "new" }), head()), 0);
  });
});
