import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { openCheckpoint, parseVerifierKey } from "@kasbah/ledger";
import { createNoteKey, emptyRoot, formatVerifierKey, openNote, signCheckpoint } from "@kasbah/ledger/tree";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { hasGo } from "../harness/go-program.ts";
import { buildLedgerReader } from "./ledger/build.ts";
import { origin, writeLedger } from "./ledger/sample-ledger.ts";

const key = createNoteKey(origin, generateKeyPairSync("ed25519").privateKey);
const vkey = formatVerifierKey(key.verifier);

describe("Ledger read by Go's checksum database library", function () {
  this.timeout(300_000);
  let reader: string;
  let directory: TemporaryDirectory;

  before(function () {
    if (!hasGo()) this.skip();
    reader = buildLedgerReader();
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(() => directory.remove());

  function check(trusted = vkey): string {
    const { status, stdout, stderr } = spawnSync(reader, ["check", directory.path, trusted], {
      encoding: "utf8",
    });
    return status === 0 ? stdout.trim() : `refused: ${stderr.trim()}`;
  }

  it("is rejected if one bit of a tile, an entry or the checkpoint is flipped", async () => {
    const paths = await writeLedger(directory.path, 600, key);
    assert.equal(paths.length, 4 + 3 + 1);
    for (const path of paths) {
      const whole = await readFile(directory.join(path));
      for (const at of [0, Math.floor(whole.length / 2), whole.length - 1]) {
        const changed = new Uint8Array(whole).with(at, (whole[at] ?? 0) ^ 1);
        await writeFile(directory.join(path), changed);
        assert.match(`${path} byte ${at} ${check()}`, reasonFor(path));
      }
      await writeFile(directory.join(path), whole);
    }
    assert.match(check(), /^4 tiles/);
  });

  it("is rejected under another key, or if the checkpoint has another size than the tiles", async () => {
    await writeLedger(directory.path, 300, key);
    const other = createNoteKey(origin, generateKeyPairSync("ed25519").privateKey);
    assert.match(
      check(formatVerifierKey(other.verifier)),
      /^refused: checkpoint: note has no verifiable signatures/,
    );
    await writeFile(
      directory.join("checkpoint"),
      signCheckpoint({ origin, size: 299, root: emptyRoot() }, key),
    );
    assert.match(check(), /^refused: /);
  });

  for (const [size, tiles] of [
    [1, 1],
    [2, 1],
    [255, 1],
    [256, 2],
    [257, 3],
    [600, 4],
  ] as const) {
    it(`verifies with ${size} entries: tiles, checkpoint, every inclusion, and consistency from every size`, async () => {
      await writeLedger(directory.path, size, key);
      assert.equal(check(), `${tiles} tiles, ${size} inclusions, ${size} consistencies`);
    });
  }

  it("verifies with 70,000 entries, in the tiles of the specification's example", async () => {
    await writeLedger(directory.path, 70_000, key);
    assert.equal(check(), "277 tiles, 700 inclusions, 700 consistencies");
  });

  it("opens a note that Go signed, and rejects it if its name or its text was changed", () => {
    const text = `${origin}\n0\n${Buffer.from(emptyRoot()).toString("base64")}\n`;
    const { stdout } = spawnSync(reader, ["sign", origin], { input: text, encoding: "utf8" });
    const [line = "", ...rest] = stdout.split("\n");
    const note = rest.join("\n");
    const verifier = parseVerifierKey(line);
    assert.equal(formatVerifierKey(verifier), line);
    assert.deepEqual(openNote(note, [verifier]), { text, verifiedBy: [verifier] });
    assert.equal(openCheckpoint(note, verifier, origin).size, 0);
    assert.throws(() => openNote(note.replace("\n0\n", "\n1\n"), [verifier]), { code: "NOTE_UNVERIFIED" });
    assert.throws(() => openNote(note.replaceAll(`— ${origin}`, "— other"), [verifier]), {
      code: "NOTE_UNVERIFIED",
    });
  });
});

/** Go reports a changed entry either as an invalid proof or as a bundle with inconsistent lengths. */
function reasonFor(path: string): RegExp {
  if (path === "checkpoint") return / refused: checkpoint: /;
  if (path.startsWith("tile/entries/")) return / refused: (entries|tiles): /;
  return / refused: tiles: downloaded inconsistent tile/;
}
