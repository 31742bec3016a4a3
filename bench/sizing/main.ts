import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measurePods } from "./measure.ts";
import { renderSizing } from "./table.ts";

// Prints the tables of docs/sizing.md, measured on this machine in about a minute.
const folder = mkdtempSync(join(tmpdir(), "kasbah-sizing-"));
try {
  process.stdout.write(renderSizing(await measurePods(folder)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
