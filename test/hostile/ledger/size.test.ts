import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { encodeEntry, ledgerDirectoryAt, listSegments, parseVerifierKey, verifyLedger } from "@kasbah/ledger";
import { eventually, manualSweep, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { issued, spiffe } from "@kasbah/testkit/ledger";
import type { CaLedger } from "../../../packages/ca-server/src/recording/create-ledger.ts";
import { openTrialLedger } from "../../harness/ledger/ledger-trial.ts";
import { recordedIn } from "../../harness/recorded-entries.ts";

const mebibyte = 1024 ** 2;
const limit = 24 * mebibyte;
/** A caller that makes each of its entries as large as it can. */
const rule = "x".repeat(5_000);
const atOnce = 256;

describe("Ledger that a caller fills up to its maximum size", function () {
  this.timeout(120_000);
  let directory: TemporaryDirectory;

  before(async () => {
    directory = await temporaryDirectory();
  });
  after(() => directory.remove());

  async function fill(ledger: CaLedger, count: number): Promise<void> {
    for (let done = 0; done < count; done += atOnce) {
      const batch = Array.from({ length: atOnce }, () =>
        encodeEntry(issued({ rule, spiffeId: spiffe("greedy") })),
      );
      await Promise.all(batch.map((entry) => ledger.log.append(entry)));
    }
    await ledger.settled();
  }

  it("deletes the oldest entries as segments fill up, before the next measurement is due", async () => {
    const stateDirectory = directory.join("quick");
    const never = manualSweep().sweep;
    const { ledger, stop } = await openTrialLedger(stateDirectory, { spaceLimit: limit, space: never });
    try {
      for (let round = 0; round < 6; round += 1) await fill(ledger, 1_024);
      const oldest = async () =>
        (await listSegments(ledgerDirectoryAt(`${stateDirectory}/ledger`).segments))[0];
      await eventually(async () => ((await oldest())?.first ?? 0) > 0);
      await eventually(async () => ledger.space.use.bytes <= limit);
    } finally {
      await stop();
    }
  });

  it("deletes the oldest entries, records that, stays below its limit, and verifies all the time", async () => {
    const stateDirectory = directory.join("state");
    const space = manualSweep();
    const { ledger, stop } = await openTrialLedger(stateDirectory, { spaceLimit: limit, space: space.sweep });
    const ledgerDirectory = ledgerDirectoryAt(`${stateDirectory}/ledger`);
    const firstEntry = async () => (await listSegments(ledgerDirectory.segments))[0]?.first ?? 0;
    const append = (count: number) => fill(ledger, count);
    try {
      assert.deepEqual(ledger.space.warnings(), []);
      await append(3_840);
      space.tick();
      await eventually(async () => ledger.space.use.bytes > 0.8 * limit);
      assert.match(ledger.space.warnings().join(), /^the ledger takes \d+ MiB of at most 24 MiB: /);
      assert.equal(await firstEntry(), 0, "nothing is deleted below the limit");

      for (let round = 0; round < 4; round += 1) {
        const before = await firstEntry();
        await append(1_024);
        space.tick();
        await eventually(async () => (await firstEntry()) > before && ledger.space.use.bytes > 0);
        await eventually(async () => ledger.space.use.bytes <= limit);
      }
    } finally {
      await stop();
    }

    const entries = await recordedIn(stateDirectory);
    const pruned = entries.filter((entry) => entry.kind === "operator" && entry.act === "ledger-pruned");
    assert.ok(pruned.length >= 4);
    const verifier = parseVerifierKey((await readFile(ledgerDirectory.verifierKey, "utf8")).trim());
    const { findings, size } = await verifyLedger({ directory: ledgerDirectory, verifier });
    assert.deepEqual(findings, []);
    assert.ok(size > 5_000);
    await (await openTrialLedger(stateDirectory, { strict: true })).stop();
  });
});
