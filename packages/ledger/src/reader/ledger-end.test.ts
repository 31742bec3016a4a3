import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { issued, WrittenLedger } from "@kasbah/testkit/ledger";
import { readLedgerEnd } from "./ledger-end.ts";
import { withStoredIndex } from "./stored-index.ts";

describe("readLedgerEnd", () => {
  let ledger: WrittenLedger;

  beforeEach(async () => {
    ledger = await WrittenLedger.make();
  });
  afterEach(() => ledger.remove());

  async function read(maxBytes: number) {
    const seen: number[] = [];
    const end = await readLedgerEnd(ledger.directory, maxBytes, {
      onEntry: (_, index) => seen.push(index),
      onUnauthenticated: () => assert.fail("there is none"),
    });
    return { ...end, seen };
  }

  it("reads the last segment even if it alone exceeds the limit, and no more than the limit of others", async () => {
    for (let segment = 0; segment < 3; segment += 1) {
      await ledger.write(issued(), issued());
      ledger.roll();
    }
    const bytes = (await ledger.segments())[2]?.bytes ?? assert.fail();
    assert.deepEqual(await read(1), { size: 6, from: 4, isPart: true, seen: [4, 5] });
    assert.deepEqual(await read(2 * bytes + 10), { size: 6, from: 2, isPart: true, seen: [2, 3, 4, 5] });
    assert.equal((await read(4 * bytes)).isPart, false);
  });

  it("counts the entries before an empty last segment, and none without segments", async () => {
    assert.deepEqual(await read(1), { size: 0, from: 0, isPart: false, seen: [] });
    await ledger.write(issued());
    ledger.roll();
    await ledger.writeBytes("");
    assert.equal((await read(1)).size, 1);
  });

  it("works without a usable index, which it leaves as it is", async () => {
    await writeFile(ledger.directory.index, "garbage");
    const found = await withStoredIndex(ledger.directory, async ({ size, newestOfNames, serialsAt }) => ({
      ...{ size, names: newestOfNames(new Date()), serials: await serialsAt([0]) },
    }));
    assert.deepEqual(found, { size: 0, names: undefined, serials: [undefined] });
  });
});
