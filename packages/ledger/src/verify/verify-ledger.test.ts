import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { appendFile, cp, mkdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { manualSweep, recordingLogger, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { entryLine, type SignedLedger, segmentEntries, writeSignedLedger } from "@kasbah/testkit/ledger";
import { openLedgerKey } from "../checkpoints/ledger-key.ts";
import { TreeKeeper } from "../checkpoints/tree-keeper.ts";
import { encodeEntry } from "../entry/encode-entry.ts";
import { ledgerAct, prunedAct } from "../entry/ledger-act.ts";
import { type LedgerDirectory, ledgerDirectoryAt } from "../ledger-directory.ts";
import { listSegments, segmentPath } from "../segments/list.ts";
import { openSegmentLines } from "../segments/reader.ts";
import { type Checkpoint, openCheckpoint } from "../tree/checkpoint.ts";
import { leafHash } from "../tree/merkle.ts";
import { createNoteKey, type NoteVerifier, parseVerifierKey } from "../tree/note-key.ts";
import { TileWriter } from "../tree/tile-writer.ts";
import { verifyLedger } from "./verify-ledger.ts";

/** Three segments, of which the last one and its last tile are not full. */
const total = 1_300;

const noKey = () => assert.fail("it has a key");

describe("verifyLedger", () => {
  let pristine: SignedLedger;
  let copies: TemporaryDirectory;
  let directory: LedgerDirectory;
  let verifier: NoteVerifier;
  let early: Checkpoint;

  before(async () => {
    const readCheckpoint = async (ledger: LedgerDirectory) => {
      verifier = parseVerifierKey((await readFile(ledger.verifierKey, "utf8")).trim());
      early = openCheckpoint(await readFile(ledger.checkpoint, "utf8"), verifier, verifier.name);
    };
    pristine = await writeSignedLedger(total, { at: 701, look: readCheckpoint });
    copies = await temporaryDirectory();
  });

  after(async () => {
    await copies.remove();
    await pristine.remove();
  });

  let count = 0;
  beforeEach(async () => {
    count += 1;
    directory = ledgerDirectoryAt(copies.join(`${count}`));
    await cp(pristine.directory.path, directory.path, { recursive: true });
  });

  const look = (kept?: Checkpoint) =>
    verifyLedger({ directory, verifier, ...(kept === undefined ? {} : { kept }) });
  const first = async (kept?: Checkpoint) => (await look(kept)).findings[0];
  const segmentOf = (index: number) => segmentPath(directory.segments, index - (index % segmentEntries));
  async function rewrite(index: number, change: (lines: string[], at: number) => void): Promise<void> {
    const lines = (await readFile(segmentOf(index), "utf8")).split("\n");
    change(lines, index % segmentEntries);
    await writeFile(segmentOf(index), lines.join("\n"));
  }
  const changed = (index: number) =>
    rewrite(index, (lines, at) => lines.splice(at, 1, entryLine(index + 10_000).trimEnd()));

  // At both ends, at the boundaries of tiles and segments, and in the partial tile.
  for (const index of [0, 1, 255, 256, 511, 512, 700, 1_023, 1_024, 1_279, 1_280, 1_299]) {
    it(`reports entry ${index} and its line if it was changed`, async () => {
      await changed(index);
      const finding = await first();
      assert.equal(finding?.index, index);
      assert.equal(
        finding.place,
        `segments/${String(index - (index % segmentEntries)).padStart(15, "0")}.jsonl, line ${(index % segmentEntries) + 1}`,
      );
      assert.match(finding.problem, /changed/);
    });

    it(`reports entry ${index} if it was removed`, async () => {
      await rewrite(index, (lines, at) => lines.splice(at, 1));
      const finding = await first();
      assert.equal(finding?.index, index);
      assert.match(finding.problem, /missing/);
    });

    it(`reports entry ${index} if the ledger was truncated there`, async () => {
      for (const segment of await listSegments(directory.segments))
        if (segment.first > index) await rm(segment.path);
      await rewrite(index, (lines, at) => lines.splice(at, lines.length - at - 1));
      const finding = await first();
      assert.equal(finding?.index, index);
      assert.match(finding.problem, new RegExp(`^${total - index} signed entries are missing`));
    });
  }

  for (const index of [0, 255, 700, 1_297])
    it(`reports entry ${index} if it was swapped with the next`, async () => {
      await rewrite(index, (lines, at) => lines.splice(at, 2, lines[at + 1] ?? "", lines[at] ?? ""));
      const finding = await first();
      assert.equal(finding?.index, index);
      assert.match(finding.problem, /swapped/);
    });

  it("reports the position of an inserted entry", async () => {
    await rewrite(300, (lines, at) => lines.splice(at, 0, lines[at - 1] ?? ""));
    assert.deepEqual(await first(), {
      index: 300,
      place: "segments/000000000000000.jsonl, line 301",
      problem: "the previous entry is repeated here",
    });
  });

  it("reports a missing segment by its first entry", async () => {
    await rm(segmentOf(512));
    assert.equal((await first())?.index, 512);
  });

  it("detects changed entries even if the tiles were recomputed", async () => {
    await changed(300);
    const tree = TileWriter.empty();
    const lines: string[] = [];
    for (const { path } of await listSegments(directory.segments))
      lines.push(...(await readFile(path, "utf8")).trimEnd().split("\n"));
    for (const line of lines)
      for (const { id, bytes } of tree.append(leafHash(Buffer.from(line))))
        await writeFile(join(directory.path, `tile/${id.level}/${String(id.index).padStart(3, "0")}`), bytes);
    assert.deepEqual(await first(), {
      index: 256,
      place: "tile/1/000.p/5",
      problem: "does not match its entries",
    });
    for (const { id, bytes } of tree.partialTiles())
      await writeFile(
        join(directory.path, `tile/${id.level}/${String(id.index).padStart(3, "0")}.p/${id.width}`),
        bytes,
      );
    assert.deepEqual(await first(), {
      place: "checkpoint",
      problem: `the checkpoint does not match these ${total} entries`,
    });
  });

  it("rejects checkpoints of another key and changed ones, and reports a missing one", async () => {
    const otherKey = createNoteKey(verifier.name, generateKeyPairSync("ed25519").privateKey).verifier;
    assert.equal((await verifyLedger({ directory, verifier: otherKey })).findings[0]?.place, "checkpoint");
    const note = await readFile(directory.checkpoint, "utf8");
    await writeFile(directory.checkpoint, note.replace("\n1300\n", "\n1299\n"));
    assert.equal((await first())?.place, "checkpoint");
    await rm(directory.checkpoint);
    assert.deepEqual(await first(), { place: "checkpoint", problem: "is missing" });
  });

  it("reports a changed or missing tile and continues with the others", async () => {
    await truncate(join(directory.path, "tile/0/002"), 100);
    await rm(join(directory.path, "tile/0/004"));
    const { findings } = await look();
    assert.deepEqual(
      findings.map(({ index, place }) => [index, place]),
      [
        [512, "tile/0/002"],
        [1_024, "tile/0/004"],
      ],
    );
  });

  it("compares the ledger with a checkpoint stored elsewhere, even if its own checkpoint matches", async () => {
    assert.deepEqual((await look(early)).findings, []);
    const other = { ...early, root: leafHash(Buffer.from("another history")) };
    assert.ok((await look(other)).findings.length > 0);
    const finding = await first({ ...early, size: total + 1 });
    assert.deepEqual([finding?.index, finding?.place], [total, "checkpoint"]);
  });

  it("reports nothing for an unchanged ledger, with or without retention", async () => {
    const origin = verifier.name;
    const clean = { origin, first: 0, signed: total, findings: [], notes: [] };
    assert.deepEqual(await look(), { ...clean, size: total });
    await appendFile(segmentOf(1_299), `${entryLine(1_300)}torn`);
    assert.deepEqual(await look(), { ...clean, size: total + 1 });
  });

  it("accepts missing old entries only if a signed entry says that retention removed them", async () => {
    await rm(segmentOf(0));
    const problem =
      "entries 0 to 511 are missing, and no signed entry says that the retention period removed them";
    assert.deepEqual((await look(early)).findings, [{ index: 0, place: "segments", problem }]);
    const pruning = ledgerAct(prunedAct, { first: 512, entries: 512 }, new Date("2030-01-01T00:00:00Z"));
    const line = `${Buffer.from(encodeEntry(pruning))}\n`;
    await appendFile(segmentOf(1_299), line);
    assert.deepEqual((await look()).findings.length, 1, "nothing signed the entry");
    const pruned = await writeSignedLedger(1_300, { lineOf: (at) => (at === 1_299 ? line : entryLine(at)) });
    await rm(segmentPath(pruned.directory.segments, 0));
    const key = parseVerifierKey((await readFile(pruned.directory.verifierKey, "utf8")).trim());
    const verdict = await verifyLedger({ directory: pruned.directory, verifier: key });
    assert.deepEqual([verdict.first, verdict.findings], [512, []]);
    await pruned.remove();
  });

  const crafted: Record<string, [name: string, make: (path: string) => Promise<unknown>]> = {
    "a name between two bundles": ["000000000000007", (path) => writeFile(path, "x\n")],
    "a name beyond the last entry": ["000000000999936", (path) => writeFile(path, "")],
    "the largest name": ["999999999999999", (path) => writeFile(path, "x\n")],
    "a directory": ["000000000001536", (path) => mkdir(path)],
    "a dangling link": ["000000000001536", (path) => symlink("/nowhere", path)],
    "a line longer than any entry": ["000000000001536", (path) => writeFile(path, Buffer.alloc(2_000_000))],
  };
  for (const [what, [name, make]] of Object.entries(crafted))
    it(`names a segment that the CA did not write: ${what}`, async () => {
      await make(join(directory.segments, `${name}.jsonl`));
      const { findings } = await look();
      assert.ok(findings.length > 0);
      assert.match(JSON.stringify(findings), new RegExp(name));
    });

  it("names a tile that is a directory, and a ledger without segments", async () => {
    await rm(join(directory.path, "tile/0/000"));
    await mkdir(join(directory.path, "tile/0/000"));
    assert.equal((await first())?.place, "tile/0/000");
    await rm(directory.segments, { recursive: true });
    assert.ok((await look()).findings.some(({ place }) => place === "segments"));
  });

  it("reports lines that no release writes, even if they are signed", async () => {
    const other = await writeSignedLedger(1, {
      at: 1,
      look: (ledger) => appendFile(segmentPath(ledger.segments, 0), '{"v":2,"kind":"gossip"}\n'),
    });
    const openKey = (isInUse: boolean) =>
      openLedgerKey({ directory: other.directory, trustDomain: "cluster.local", newKey: noKey, isInUse });
    const keeper = new TreeKeeper({
      directory: other.directory,
      openKey,
      lines: () => openSegmentLines(other.directory.segments),
      sweep: manualSweep().sweep,
      logger: recordingLogger(),
    });
    await keeper.start();
    await keeper.stop();
    const its = parseVerifierKey((await readFile(other.directory.verifierKey, "utf8")).trim());
    const [finding] = (await verifyLedger({ directory: other.directory, verifier: its })).findings;
    assert.equal(finding?.index, 1);
    assert.match(finding.problem, /is not a valid entry/);
    await other.remove();
  });
});
