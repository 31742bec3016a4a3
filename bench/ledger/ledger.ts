import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Figure } from "../report/figures.ts";
import type { AskFigures } from "./ask-index.ts";
import type { IndexFigures } from "./measure-index.ts";
import { writeLedger } from "./write-ledger.ts";

const topic = "The audit index at a million entries";
const size = 1_000_000;
/** Writes a ledger of a million certificates into a folder, indexes it, and empties the folder at the end. */
export async function measureLedger(folder: string): Promise<readonly Figure[]> {
  try {
    await writeLedger(folder, size);
    const { firstUs, lastUs, bytesPerEntry, rebuildUs } = measuredBy<IndexFigures>(
      "measure-index.ts",
      folder,
    );
    const { openMs, whoMs, serialMs, moreMib } = measuredBy<AskFigures>("ask-index.ts", folder);
    return [
      { topic, name: "add one of the first 50 000 entries", value: firstUs, unit: "µs" },
      {
        topic,
        name: "add one of the last 50 000 entries",
        value: lastUs,
        unit: "µs",
        against: { ratio: lastUs / firstUs, of: "the first" },
      },
      { topic, name: "rebuild it, per entry, parsing included", value: rebuildUs, unit: "µs" },
      { topic, name: "size on disk, per entry", value: bytesPerEntry, unit: "B" },
      { topic, name: "open it", value: openMs, unit: "ms" },
      { topic, name: "find the holder of a name at an instant", value: whoMs, unit: "ms" },
      { topic, name: "look up a serial that does not exist", value: serialMs, unit: "ms" },
      { topic, name: "memory to open it and run a thousand queries", value: moreMib, unit: "MiB" },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs in a separate process, so that the process's memory is that of the index. */
function measuredBy<Figures>(name: string, folder: string): Figures {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const argv = ["--conditions=kasbah-source", script, folder, String(size)];
  return JSON.parse(execFileSync(process.execPath, argv, { encoding: "utf8" }));
}
