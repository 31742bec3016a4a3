import assert from "node:assert/strict";
import { appendFile, rm, writeFile } from "node:fs/promises";
import {
  type ManualSweep,
  manualSweep,
  type RecordingLogger,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { encodeEntry } from "../entry.ts";
import { issuanceRecord } from "../issuance-record.test.ts";
import { issuedEntry } from "../issued-entry.ts";
import { type LedgerDirectory, prepareLedgerDirectory } from "../ledger-directory.ts";
import { segmentPath } from "../segments/segments.ts";
import { IndexKeeper } from "./index-keeper.ts";

describe("What keeps the index of a running CA", () => {
  let temporary: TemporaryDirectory;
  let directory: LedgerDirectory;
  let second: ManualSweep;
  let logger: RecordingLogger;
  let durable: number;
  let line: string;
  let name: string;
  let keeper: IndexKeeper;

  beforeEach(async () => {
    temporary = await temporaryDirectory();
    directory = await prepareLedgerDirectory(temporary.path);
    [second, logger, durable] = [manualSweep(), recordingLogger(), 0];
    const entry = issuedEntry(await issuanceRecord());
    name = entry.spiffeId;
    line = `${Buffer.from(encodeEntry(entry))}\n`;
    keeper = new IndexKeeper({ directory, size: () => durable, sweep: second.sweep, logger });
  });

  afterEach(async () => {
    await keeper.stop();
    await temporary.remove();
  });

  const write = () => appendFile(segmentPath(directory.segments, 0), line);
  const look = async () => {
    second.tick();
    await keeper.settled();
    return keeper.isNameKnown(name);
  };

  it("does not know before it has looked", async () => {
    assert.equal(keeper.isNameKnown(name), undefined);
  });

  it("takes no line that is not durable yet", async () => {
    await keeper.start();
    assert.equal(await look(), false);
    await write();
    assert.equal(await look(), false);
    durable = 1;
    assert.equal(await look(), true);
  });

  it("says once that it fails, knows nothing meanwhile, and begins again", async () => {
    await write();
    durable = 1;
    await rm(directory.segments, { recursive: true });
    await keeper.start();
    assert.equal(await look(), undefined);
    assert.equal(await look(), undefined);
    assert.equal(logger.named("the ledger's index can not be kept; the ledger itself goes on").length, 1);
    directory = await prepareLedgerDirectory(temporary.path);
    await write();
    assert.equal(await look(), true);
  });

  it("makes it anew where another file lies in its place", async () => {
    await writeFile(directory.index, "no database at all");
    await write();
    durable = 1;
    await keeper.start();
    assert.equal(await look(), true);
  });
});
