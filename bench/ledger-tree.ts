import { hash } from "node:crypto";
import { leafHash, TileWriter } from "@kasbah/ledger/tree";
import { systemClock } from "@kasbah/runtime";
import type { Figure } from "./report.ts";

const topic = "The ledger's tree";
const appends = 1_000_000;
const appendsOfRoot = 1_000;

/** Appends a million leaves with a root per thousand, and compares the time with that of the bare hashes. */
export function measureLedgerTree(): readonly Figure[] {
  const hashing = elapsedMs(hashNodes);
  const value = elapsedMs(appendLeaves);
  const against = { ratio: value / hashing, of: "its hashes alone" };
  return [{ topic, name: "1,000,000 appends, 1,000 roots", value, unit: "ms", against }];
}

function appendLeaves(): void {
  const leaves = Array.from({ length: appendsOfRoot }, (_, index) => leafHash(Buffer.from(`${index}`)));
  const writer = TileWriter.empty();
  while (writer.size < appends) {
    for (const leaf of leaves) writer.append(leaf);
    writer.root();
  }
}

/** Hashes one node for each leaf but the first. */
function hashNodes(): void {
  const node = new Uint8Array(65);
  for (let count = 1; count < appends; count += 1) hash("sha256", node, "buffer");
}

function elapsedMs(work: () => void): number {
  const start = systemClock.monotonicMs();
  work();
  return systemClock.monotonicMs() - start;
}
