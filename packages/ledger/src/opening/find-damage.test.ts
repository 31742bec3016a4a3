import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { type SignedLedger, writeSignedLedger } from "@kasbah/testkit/ledger";
import { findDamage } from "./find-damage.ts";

describe("findDamage", () => {
  let ledger: SignedLedger;

  beforeEach(async () => {
    ledger = await writeSignedLedger(3);
  });
  afterEach(() => ledger.remove());

  const find = () => findDamage(ledger.directory);

  it("finds none in a sound ledger, one that was never signed, and where there is none", async () => {
    assert.equal(await find(), undefined);
    await rm(ledger.directory.checkpoint);
    assert.equal(await find(), undefined);
    await rm(ledger.directory.path, { recursive: true });
    assert.equal(await find(), undefined);
  });

  it("names the entry that was altered, with its file and line", async () => {
    const text = await readFile(ledger.lastSegment, "utf8");
    await writeFile(ledger.lastSegment, text.replace("act 1", "act 7"));
    assert.equal(
      await find(),
      "entry 1, segments/000000000000000.jsonl, line 2: the entry was changed or replaced",
    );
  });

  it("names a checkpoint that is garbage or a directory, and a key that is garbage", async () => {
    const { checkpoint, verifierKey } = ledger.directory;
    await writeFile(checkpoint, "garbage");
    assert.match(String(await find()), /note|checkpoint/);
    await rm(checkpoint);
    await mkdir(checkpoint);
    assert.match(String(await find()), /is not a regular file/);
    await writeFile(verifierKey, "garbage");
    assert.equal(typeof (await find()), "string");
  });
});
