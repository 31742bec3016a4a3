import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { appendFile, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  manualSweep,
  type RecordingLogger,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { NaiveTree, naiveLeaf } from "@kasbah/testkit/ledger";
import { type LedgerDirectory, prepareLedgerDirectory } from "../ledger-directory.ts";
import { segmentPath } from "../segments/list.ts";
import { openSegmentLines } from "../segments/reader.ts";
import { openCheckpoint } from "../tree/checkpoint.ts";
import { parseVerifierKey } from "../tree/note-key.ts";
import { openLedgerKey } from "./ledger-key.ts";
import { TreeKeeper } from "./tree-keeper.ts";

const { privateKey } = generateKeyPairSync("ed25519");

describe("TreeKeeper", () => {
  let temporary: TemporaryDirectory;
  let directory: LedgerDirectory;
  let second: ReturnType<typeof manualSweep>;
  let logger: RecordingLogger;
  let keeper: TreeKeeper;

  beforeEach(async () => {
    temporary = await temporaryDirectory();
    directory = await prepareLedgerDirectory(temporary.join("ledger"));
    logger = recordingLogger();
    keeper = newKeeper();
  });

  afterEach(async () => {
    await keeper.stop();
    await temporary.remove();
  });

  function newKeeper(): TreeKeeper {
    second = manualSweep();
    return new TreeKeeper({
      directory,
      openKey: (isInUse) =>
        openLedgerKey({ directory, trustDomain: "cluster.local", newKey: () => privateKey, isInUse }),
      lines: () => openSegmentLines(directory.segments),
      sweep: second.sweep,
      logger,
    });
  }

  const texts = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `entry ${from + at}`);
  /** Writes entries in the order of the log: first to the disk, then to the tree. */
  async function write(count: number, from = 0): Promise<void> {
    const entries = texts(count, from);
    await appendFile(segmentPath(directory.segments, 0), entries.map((entry) => `${entry}\n`).join(""));
    keeper.add(entries.map((entry) => Buffer.from(entry)));
  }
  async function restart(): Promise<void> {
    await keeper.stop();
    keeper = newKeeper();
    await keeper.start();
  }
  /** Requires a checkpoint over exactly this many entries. */
  async function requireSigned(count: number): Promise<void> {
    const verifier = parseVerifierKey((await readFile(directory.verifierKey, "utf8")).trim());
    const note = await readFile(directory.checkpoint, "utf8");
    const { size, root } = openCheckpoint(note, verifier, verifier.name);
    const naive = new NaiveTree(texts(count).map((entry) => naiveLeaf(Buffer.from(entry))));
    assert.equal(size, count);
    assert.deepEqual(Buffer.from(root), Buffer.from(naive.root(count)));
  }
  const storedTiles = async () =>
    (await readdir(directory.path, { recursive: true, withFileTypes: true }))
      .filter((each) => each.isFile() && each.parentPath.includes("/tile"))
      .map(({ parentPath, name }) => join(parentPath, name).slice(directory.path.length + 1))
      .sort();

  describe("start of a damaged ledger", () => {
    const damages: Record<string, () => Promise<void>> = {
      "signed entries are missing": () => truncate(segmentPath(directory.segments, 0), 2_500),
      "an entry was changed but its tile exists": async () => {
        const path = segmentPath(directory.segments, 0);
        await writeFile(path, (await readFile(path, "utf8")).replace("entry 290\n", "entry 29x\n"));
      },
      "two entries were swapped": async () => {
        const path = segmentPath(directory.segments, 0);
        const swapped = (await readFile(path, "utf8")).replace(
          "entry 290\nentry 291\n",
          "entry 291\nentry 290\n",
        );
        await writeFile(path, swapped);
      },
      "an old entry was changed and its tile deleted": async () => {
        const path = segmentPath(directory.segments, 0);
        await writeFile(path, (await readFile(path, "utf8")).replace("entry 7\n", "entry x\n"));
        await rm(join(directory.path, "tile/0/000"));
      },
      "the checkpoint was changed": async () => {
        const note = await readFile(directory.checkpoint, "utf8");
        await writeFile(directory.checkpoint, note.replace("\n300\n", "\n299\n"));
      },
      "its segments are gone": () => rm(segmentPath(directory.segments, 0)),
      "the checkpoint is empty": () => writeFile(directory.checkpoint, ""),
      "its key is missing": () => rm(directory.key),
      "its key is unreadable": () => writeFile(directory.key, "-----BEGIN PRIVATE KEY-----\nTUlJ\n"),
    };
    for (const [what, damage] of Object.entries(damages)) {
      it(`refuses to start if ${what}, and changes nothing`, async () => {
        await keeper.start();
        await write(300);
        await keeper.stop();
        await requireSigned(300);
        await damage();
        keeper = newKeeper();
        const before = await storedTiles();
        const refusal = await rejectsWithCode(keeper.start(), "LEDGER_DAMAGED");
        assert.deepEqual(await storedTiles(), before, "it changed the tiles, which show the damage");
        assert.match(refusal.message, /move (it|the directory) aside for auditors/);
        assert.doesNotMatch(refusal.message, /TUlJ|entry \d/);
      });
    }
  });

  it("signs a checkpoint in every second in which the tree grew, and in no other", async () => {
    await keeper.start();
    await keeper.settled();
    await requireSigned(0);
    await write(5);
    second.tick();
    await keeper.settled();
    await requireSigned(5);
    await rm(directory.checkpoint);
    second.tick();
    await keeper.settled();
    await assert.rejects(readFile(directory.checkpoint), { code: "ENOENT" });
    await write(1, 5);
    second.tick();
    await keeper.settled();
    await requireSigned(6);
  });

  it("resumes at every size around the end of a tile, including entries that no checkpoint covers yet", async () => {
    let size = 0;
    for (const count of [1, 254, 1, 1, 255, 1, 600]) {
      await restart();
      await write(count, size);
      size += count;
      await appendFile(segmentPath(directory.segments, 0), `entry ${size}\n`);
      size += 1;
      await restart();
      await keeper.settled();
      await requireSigned(size);
    }
  });

  it("keeps full tiles and only the partial tiles of the last checkpoint", async () => {
    await keeper.start();
    await write(200);
    second.tick();
    await keeper.settled();
    assert.deepEqual(await storedTiles(), ["tile/0/000.p/200"]);
    await write(400, 200);
    second.tick();
    await keeper.settled();
    assert.deepEqual(await storedTiles(), ["tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"]);
  });

  it("recomputes damaged tiles if no entry is missing", async () => {
    await keeper.start();
    await write(600);
    await keeper.stop();
    await rm(join(directory.path, "tile"), { recursive: true });
    await restart();
    assert.ok((await storedTiles()).includes("tile/0/001"));
    await write(1, 600);
    await keeper.stop();
    await requireSigned(601);
    await truncate(join(directory.path, "tile/0/001"), 7);
    await restart();
    assert.equal((await readFile(join(directory.path, "tile/0/001"))).length, 256 * 32);
  });

  it("resumes without the entries that retention deleted if their tiles exist", async () => {
    await keeper.start();
    await write(512);
    await keeper.stop();
    await rm(segmentPath(directory.segments, 0));
    await appendFile(segmentPath(directory.segments, 512), "entry 512\n");
    await restart();
    await keeper.stop();
    await requireSigned(513);
    await rm(join(directory.path, "tile/0/001"));
    keeper = newKeeper();
    await rejectsWithCode(keeper.start(), "LEDGER_DAMAGED");
  });

  it("signs pending entries once the disk recovers, and logs the failure once", async () => {
    await keeper.start();
    await rm(directory.path, { recursive: true });
    keeper.add(texts(300).map((entry) => Buffer.from(entry)));
    for (let times = 0; times < 3; times += 1) {
      await writeFile(dirname(directory.path), "").catch(() => undefined);
      await writeFile(directory.path, "no folder");
      second.tick();
      await keeper.settled();
      await rm(directory.path);
    }
    assert.equal(logger.named("cannot write the checkpoint of the ledger").length, 1);
    await prepareLedgerDirectory(dirname(directory.path));
    second.tick();
    await keeper.settled();
    assert.equal(keeper.signedSize, 300);
    assert.ok((await storedTiles()).includes("tile/0/000"));
  });

  it("adopts the entries of the first release as the first entries of the tree", async () => {
    const former = await temporaryDirectory();
    await writeFile(former.join("segment-000000.jsonl"), '{"v":1}\n{"v":1}\n');
    directory = await prepareLedgerDirectory(former.path);
    await restart();
    await keeper.settled();
    assert.equal(keeper.signedSize, 2);
    assert.deepEqual(await readdir(former.path), ["0"]);
    await keeper.stop();
    await former.remove();
  });
});
