import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Figure } from "./figures.ts";
import type { Row } from "./row.ts";

/** Everything that a run measured, as it is written to its JSON file. */
export interface Result {
  readonly time: string;
  /** Processor, Node and OpenSSL. */
  readonly machine: string;
  readonly rows: readonly Row[];
  readonly figures: readonly Figure[];
  /** What was not measured, and why. */
  readonly notes: readonly string[];
}

export function writeResult(path: string, result: Result): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
}
