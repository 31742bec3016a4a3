import { statSync } from "node:fs";
import { AuditIndex, catchUp, ledgerDirectoryAt, listSegments, readEntry, readLines } from "@kasbah/ledger";
import { msOf } from "./ms-of.ts";

/** The cost of building an index. */
export interface IndexFigures {
  /** CPU time to add one parsed entry, for the first and for the last entries. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly bytesPerEntry: number;
  /** From the segments to a complete index, including parsing. */
  readonly rebuildUs: number;
}

const batchSize = 500;
const sampled = 50_000;

const [stateDirectory = "", sizeText = "0"] = process.argv.slice(2);
const size = Number(sizeText);
const { segments: directory, index: path } = ledgerDirectoryAt(`${stateDirectory}/ledger`);
const segments = await listSegments(directory);

const rebuildMs = await msOf(async () => {
  const index = AuditIndex.open(path);
  await catchUp(index, async () => segments);
  index.close();
});
const rebuildUs = (rebuildMs * 1000) / size;
const bytesPerEntry = statSync(path).size / size;
const [firstUs, lastUs] = await addUs();
const figures: IndexFigures = { firstUs, lastUs, bytesPerEntry, rebuildUs };
process.stdout.write(JSON.stringify(figures));

/** Measures the first and the last entries added to a new index, without parsing. */
async function addUs(): Promise<readonly [first: number, last: number]> {
  const index = AuditIndex.open(`${stateDirectory}/second.sqlite`);
  const at = { first: 0, last: 0 };
  let batch: ReturnType<typeof readEntry>[] = [];
  for await (const located of readLines(segments)) {
    batch.push(readEntry(located));
    if (batch.length < batchSize && located.index < size - 1) continue;
    const before = performance.now();
    index.add(batch);
    const us = (performance.now() - before) * 1000;
    if (located.index < sampled) at.first += us / sampled;
    if (located.index >= size - sampled) at.last += us / sampled;
    batch = [];
  }
  index.close();
  return [at.first, at.last];
}
