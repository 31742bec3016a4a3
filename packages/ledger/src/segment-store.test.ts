import assert from "node:assert/strict";
import {
  FakeClock,
  manualSweep,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { issued, spiffe } from "@kasbah/testkit/ledger";
import { encodeEntry } from "./entry/encode-entry.ts";
import type { IssuedEntry } from "./entry/entry.ts";
import { type LedgerDirectory, prepareLedgerDirectory } from "./ledger-directory.ts";
import type { EntryStore } from "./ports.ts";
import { createSegmentStore } from "./segment-store.ts";

describe("createSegmentStore", () => {
  let temporary: TemporaryDirectory;
  let directory: LedgerDirectory;
  let inTree: string[];
  let store: EntryStore;

  beforeEach(async () => {
    temporary = await temporaryDirectory();
    directory = await prepareLedgerDirectory(temporary.join("ledger"));
    inTree = [];
    store = await open();
  });

  afterEach(async () => {
    await close();
    await temporary.remove();
  });

  async function open(): Promise<EntryStore> {
    const opened = createSegmentStore({
      directory,
      tree: {
        add: (entries) => void inTree.push(...entries.map((each) => Buffer.from(each).toString())),
        signedSize: 0,
        publish: async () => undefined,
      },
      retentionMs: 1_000,
      limit: "auto",
      sweeps: { second: manualSweep().sweep, hour: manualSweep().sweep, space: manualSweep().sweep },
      holds: () => undefined,
      clock: new FakeClock(),
      logger: recordingLogger(),
    });
    for (const each of [opened.space, opened.log, opened.index, opened.retention]) await each.start();
    // A later call would share the run that the start began, and miss newer entries.
    await opened.index.catchUp();
    return opened;
  }
  async function close(): Promise<void> {
    for (const each of [store.retention, store.index, store.log, store.space]) await each.stop();
  }
  const append = (entry: IssuedEntry) => store.log.append(encodeEntry(entry));
  async function stored(from: number): Promise<readonly string[]> {
    const lines: string[] = [];
    for await (const { line } of (await store.lines()).from(from)) lines.push(Buffer.from(line).toString());
    return lines;
  }

  it("adds entries to the tree in order, before their appends resolve, and returns the same lines", async () => {
    const lines = [issued(), issued(), issued()].map((entry) => Buffer.from(encodeEntry(entry)).toString());
    const appended = lines.map(async (line, index) => {
      await store.log.append(Buffer.from(line));
      assert.ok(inTree.length > index);
    });
    await Promise.all(appended);
    assert.deepEqual(inTree, lines);
    assert.deepEqual(await stored(0), lines);
    assert.deepEqual(await stored(2), lines.slice(2));
  });

  it("finds decisions and known names once the index has caught up", async () => {
    const entry = issued();
    await append(entry);
    await store.index.catchUp();
    assert.deepEqual(await store.index.find(entry.referenceId), entry);
    assert.equal(await store.index.find("unknown"), undefined);
    assert.equal(store.index.isNameKnown(entry.spiffeId), true);
    assert.equal(store.index.isNameKnown(spiffe("unknown")), false);
  });

  it("continues after its last entry when it is opened again", async () => {
    await append(issued());
    await close();
    store = await open();
    assert.equal(store.log.size, 1);
    await append(issued());
    assert.equal(store.log.size, 2);
    assert.equal((await stored(0)).length, 2);
  });
});
