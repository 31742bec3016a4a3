import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  consistencyProof,
  entryBundlePath,
  inclusionProof,
  leafHash,
  type NoteKey,
  signCheckpoint,
  TileHashes,
  type TileId,
  TileWriter,
  type TreeHash,
  tilePath,
  tileWidth,
} from "@kasbah/ledger/tree";

export const origin = "ca.example/ledger";

/** Writes a ledger of `size` entries in the layout of c2sp.org/tlog-tiles; returns the paths of the files. */
export async function writeLedger(folder: string, size: number, key: NoteKey): Promise<readonly string[]> {
  const entries = Array.from({ length: size }, (_, index) => Buffer.from(`{"v":1,"entry":${index}}\n`));
  const writer = TileWriter.empty();
  const tiles = entries.flatMap((entry) => writer.append(leafHash(entry)));
  const files = new Map<string, string | Uint8Array>();
  for (const { id, bytes } of [...tiles, ...writer.partialTiles()]) files.set(tilePath(id), bytes);
  for (let start = 0; start < size; start += tileWidth) {
    const bundle = entries.slice(start, start + tileWidth);
    files.set(entryBundlePath({ index: start / tileWidth, width: bundle.length }), bundleOf(bundle));
  }
  files.set("checkpoint", signCheckpoint({ origin, size, root: writer.root() }, key));
  for (const [path, content] of files) await writeAt(join(folder, path), content);
  await writeAt(join(folder, "proofs.json"), await proofsOf(folder, size));
  return [...files.keys()];
}

/** Our proofs for every entry and from every smaller size; a few hundred of them for a large ledger. */
async function proofsOf(folder: string, size: number): Promise<string> {
  const hashes = new TileHashes((id: TileId) => readFile(join(folder, tilePath(id))), size);
  const step = Math.ceil(size / 700);
  const inclusion: unknown[] = [];
  const consistency: unknown[] = [];
  for (let at = 0; at < size; at += step) {
    inclusion.push({ index: at, path: (await inclusionProof(at, size, hashes)).map(base64) });
    const oldSize = at + 1;
    consistency.push({ oldSize, path: (await consistencyProof(oldSize, size, hashes)).map(base64) });
  }
  return JSON.stringify({ inclusion, consistency });
}

/** As c2sp.org/tlog-tiles specifies, a two-byte length precedes each entry. */
function bundleOf(entries: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]),
  );
}

async function writeAt(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const base64 = (hash: TreeHash) => Buffer.from(hash).toString("base64");
