import {
  appendFile,
  cp,
  mkdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { encodeEntry, gapAct, ledgerAct } from "@kasbah/ledger";
import { entryLine, writeSignedLedger } from "@kasbah/testkit/ledger";
import { openTrialLedger } from "../../../harness/ledger/ledger-trial.ts";
import {
  acceptance,
  both,
  folder,
  forgetControl,
  forgetTree,
  now,
  originOf,
  pipe,
  pruning,
  type Row,
  remove,
} from "./tools.ts";

/** Manipulations of a stopped CA's state directory by someone who has neither the ledger's key nor a copy of it. */
export const withoutKey: readonly Row[] = [
  // Rewriting history.
  ["changes an old entry", "broken", (t) => t.forge(7)],
  ["changes an entry of the last tile", "refused", (t) => t.forge(1_290)],
  [
    "changes an entry, and deletes the checkpoint, the tiles and the index",
    "lost",
    both((t) => t.forge(7), forgetTree),
  ],
  [
    "changes an entry and deletes only the checkpoint",
    "lost",
    both(
      (t) => t.forge(7),
      (t) => rm(t.directory.checkpoint),
    ),
  ],
  [
    "changes an entry and deletes its tile",
    "refused",
    both(
      (t) => t.forge(7),
      (t) => rm(join(t.directory.path, "tile/0/000")),
    ),
  ],
  [
    "changes an entry and deletes all tiles",
    "refused",
    both(
      (t) => t.forge(7),
      (t) => remove(join(t.directory.path, "tile")),
    ),
  ],
  ["removes an entry from the middle", "broken", (t) => t.rewrite(700, (lines, at) => lines.splice(at, 1))],
  [
    "inserts an entry",
    "broken",
    (t) => t.rewrite(300, (lines, at) => lines.splice(at, 0, entryLine(9_000).trimEnd())),
  ],
  ["repeats an entry", "broken", (t) => t.rewrite(300, (lines, at) => lines.splice(at, 0, lines[at] ?? ""))],
  [
    "swaps two entries",
    "broken",
    (t) => t.rewrite(300, (lines, at) => lines.splice(at, 2, lines[at + 1] ?? "", lines[at] ?? "")),
  ],
  [
    "flips a byte of an entry",
    "broken",
    (t) => t.rewrite(5, (lines) => lines.splice(5, 1, (lines[5] ?? "").replace("act 5", "act 6"))),
  ],
  // Cutting the tail.
  ["removes the last entry", "refused", (t) => t.rewrite(1_303, (lines) => lines.splice(-2, 1))],
  [
    "cuts the tail and deletes the checkpoint",
    "lost",
    both(
      (t) => truncate(t.segment(1_299), 2_000),
      (t) => rm(t.directory.checkpoint),
    ),
  ],
  [
    "cuts the tail, and deletes checkpoint, tiles and index",
    "lost",
    both((t) => truncate(t.segment(1_299), 2_000), forgetTree),
  ],
  ["cuts the ledger in the middle of a line", "refused", async (t) => truncate(t.segment(1_299), 2_001)],
  ["deletes the last segment", "refused", (t) => rm(t.segment(1_299))],
  [
    "deletes the last two segments",
    "refused",
    both(
      (t) => rm(t.segment(1_299)),
      (t) => rm(t.segment(600)),
    ),
  ],
  // Dropping the past.
  ["deletes the oldest segment", "lost", (t) => rm(t.segment(0))],
  [
    "deletes the oldest segment and its tiles",
    "refused",
    both(
      (t) => rm(t.segment(0)),
      (t) => rm(join(t.directory.path, "tile/0/000")),
    ),
  ],
  ["deletes the segment in the middle", "broken", (t) => rm(t.segment(600))],
  [
    "deletes the oldest segment and adds an entry that retention removed it",
    "lost",
    both(
      (t) => t.append(pruning),
      (t) => rm(t.segment(0)),
    ),
  ],
  ["dates the oldest segment two years back", "intact", async (t) => utimes(t.segment(0), 0, 0)],
  [
    "writes an old entry to the end of the oldest segment and dates it back, so that the CA deletes it",
    "broken",
    both(
      (t) =>
        t.rewrite(511, (lines, at) =>
          lines.splice(at, 1, entryLine(511).trimEnd().replace("2030-01-01", "2027-01-01")),
        ),
      (t) => utimes(t.segment(0), 0, 0),
    ),
  ],
  ["empties the oldest segment", "broken", (t) => truncate(t.segment(0), 0)],
  // Dropping everything.
  ["deletes the whole ledger", "lost", (t) => remove(join(t.path, "ledger"))],
  ["deletes the ledger of this process", "lost", (t) => remove(t.directory.path)],
  ["deletes everything but the key", "lost", both((t) => remove(t.directory.segments), forgetTree)],
  ["deletes all entries but keeps checkpoint and tiles", "refused", (t) => remove(t.directory.segments)],
  [
    "deletes all entries and tiles but keeps the checkpoint",
    "refused",
    both(
      (t) => remove(t.directory.segments),
      (t) => remove(join(t.directory.path, "tile")),
    ),
  ],
  ["deletes the checkpoint only", "lost", (t) => rm(t.directory.checkpoint)],
  [
    "deletes the checkpoint and all entries",
    "lost",
    both(
      (t) => rm(t.directory.checkpoint),
      (t) => remove(t.directory.segments),
    ),
  ],
  ["deletes the key", "refused", (t) => rm(t.directory.key)],
  [
    "deletes the key and the checkpoint",
    "lost",
    both(
      (t) => rm(t.directory.key),
      (t) => rm(t.directory.checkpoint),
    ),
  ],
  ["renames the ledger", "lost", (t) => rename(t.directory.path, join(t.path, "ledger", "gone"))],
  // Replacing parts.
  ["empties the checkpoint", "refused", (t) => writeFile(t.directory.checkpoint, "")],
  [
    "changes the size in the checkpoint",
    "refused",
    async (t) =>
      writeFile(
        t.directory.checkpoint,
        (await readFile(t.directory.checkpoint, "utf8")).replace(/\n\d+\n/, "\n512\n"),
      ),
  ],
  [
    "replaces the whole ledger by another CA's",
    "lost",
    async (t) => {
      const other = await writeSignedLedger(1_400);
      await remove(t.directory.path);
      await cp(other.directory.path, t.directory.path, { recursive: true });
      await other.remove();
    },
  ],
  [
    "swaps in the segments of another replica",
    "refused",
    async (t) => {
      const other = await writeSignedLedger(1_400, { lineOf: (index) => entryLine(index + 70_000) });
      await remove(t.directory.segments);
      await cp(other.directory.segments, t.directory.segments, { recursive: true });
      await other.remove();
    },
  ],
  [
    "swaps in the checkpoint of another replica",
    "refused",
    async (t) => {
      const other = await writeSignedLedger(1_400);
      await cp(other.directory.checkpoint, t.directory.checkpoint);
      await other.remove();
    },
  ],
  [
    "swaps in the key of another replica",
    "refused",
    async (t) => {
      const other = await writeSignedLedger(10);
      await cp(other.directory.key, t.directory.key);
      await other.remove();
    },
  ],
  [
    "signs a forged history with a key of its own",
    "lost",
    both(
      (t) => t.forge(7),
      (t) => rm(t.directory.key),
      forgetTree,
      (t) => t.sign(),
    ),
  ],
  [
    "signs a ledger of its own that names the lost one and accepts the loss",
    "lost",
    async (t) => {
      const lastOrigin = await originOf(t);
      await remove(t.directory.path);
      await mkdir(t.directory.segments, { recursive: true, mode: 0o700 });
      const gap = encodeEntry(ledgerAct(gapAct, { found: "an accident", lastOrigin }, now));
      const forged = [`${Buffer.from(gap)}`, acceptance, entryLine(50_007).trimEnd()];
      await writeFile(join(t.directory.segments, "000000000000000.jsonl"), `${forged.join("\n")}\n`);
      await t.sign();
    },
  ],
  [
    "replaces the segments by a file of the first release",
    "lost",
    async (t) => {
      await remove(t.directory.path);
      await writeFile(join(t.path, "ledger", "segment-000000.jsonl"), '{"v":1}\n');
    },
  ],
  ["replaces a tile", "intact", (t) => writeFile(join(t.directory.path, "tile/0/001"), Buffer.alloc(8_192))],
  [
    "replaces a tile by a directory",
    "refused",
    async (t) => {
      await rm(join(t.directory.path, "tile/0/001"));
      await mkdir(join(t.directory.path, "tile/0/001"));
    },
  ],
  [
    "adds a segment with a crafted name",
    "refused",
    (t) => writeFile(join(t.directory.segments, "999999999999999.jsonl"), ""),
  ],
  [
    "adds files whose names only resemble segments",
    "intact",
    async (t) => {
      for (const name of [
        "-00000000000512.jsonl",
        "0000000000512.jsonl",
        "000000000000512.json",
        "0x200.jsonl",
      ])
        await writeFile(join(t.directory.segments, name), "x\n");
    },
  ],
  ["replaces the checkpoint by a pipe", "refused", (t) => pipe(t.directory.checkpoint)],
  ["replaces a segment by a pipe", "refused", (t) => pipe(t.segment(1_299))],
  ["replaces the oldest segment by a pipe", "refused", (t) => pipe(t.segment(0))],
  ["replaces a tile by a pipe", "intact", (t) => pipe(join(t.directory.path, "tile/0/001"))],
  ["replaces the key by a pipe", "refused", (t) => pipe(t.directory.key)],
  ["replaces the checkpoint by a directory", "refused", (t) => folder(t.directory.checkpoint)],
  ["replaces the oldest segment by a directory", "refused", (t) => folder(t.segment(0))],
  ["fills the checkpoint with gigabytes", "refused", (t) => truncate(t.directory.checkpoint, 8_000_000_000)],
  ["appends junk to the checkpoint", "refused", (t) => appendFile(t.directory.checkpoint, "junk\n")],
  ["shortens a tile", "intact", (t) => truncate(join(t.directory.path, "tile/0/002"), 8_191)],
  ["empties a partial tile", "intact", (t) => truncate(join(t.directory.path, "tile/1/000.p/5"), 0)],
  [
    "adds a segment between two bundles",
    "broken",
    (t) => writeFile(join(t.directory.segments, "000000000000007.jsonl"), "x\n"),
  ],
  [
    "replaces the last segment by a link",
    "refused",
    async (t) => {
      await rm(t.segment(1_299));
      await symlink("/dev/null", t.segment(1_299));
    },
  ],
  // Adding entries that the CA would sign at its next start.
  ["appends a forged entry", "noted", (t) => t.append(entryLine(8_000).trimEnd())],
  [
    "appends a forged entry that accepts a loss, after a loss",
    "lost",
    async (t) => {
      await remove(t.directory.path);
      await (await openTrialLedger(t.path)).stop();
      await t.append(acceptance);
    },
  ],
  ["appends a line that is no entry", "broken", (t) => t.append("no entry")],
  // Older copies and the control state.
  ["deletes the control state only", "noted", forgetControl],
  [
    "deletes the control state and appends to the ledger",
    "noted",
    both(forgetControl, (t) => t.append(entryLine(8_000).trimEnd())),
  ],
  [
    "deletes the control state and the checkpoint",
    "lost",
    both(forgetControl, (t) => rm(t.directory.checkpoint)),
  ],
  ["deletes the control state and the oldest segment", "lost", both(forgetControl, (t) => rm(t.segment(0)))],
  [
    "deletes the control state and the ledger, but not the evidence of an earlier loss",
    "lost",
    async (t) => {
      await rm(t.directory.checkpoint);
      await (await openTrialLedger(t.path)).stop();
      await both(forgetControl, (each) => remove(each.directory.path))(t);
    },
  ],
  // Clocks.
  [
    "moves the clock back before the ledger began",
    "intact",
    async () => undefined,
    { now: "2020-01-01T00:00:00Z" },
  ],
  [
    "deletes the oldest segment after its entries have expired, as an earlier release does",
    "noted",
    (t) => rm(t.segment(0)),
    { now: "2031-01-01T12:00:00Z" },
  ],
  [
    "moves the clock ten years ahead, so that entries expire",
    "noted",
    async (t) => {
      for (const index of [0, 600]) await utimes(t.segment(index), 0, 0);
    },
    { now: "2040-01-01T00:00:00Z" },
  ],
];
