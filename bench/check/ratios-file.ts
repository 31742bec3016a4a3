import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Ratios } from "./ratios.ts";

const path = fileURLToPath(new URL("../ratios.json", import.meta.url));

export function readRatios(): Ratios {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Replaces the ratios of the rows that were measured and keeps the others. */
export function acceptRatios(measured: Ratios): void {
  writeFileSync(path, `${JSON.stringify({ ...readRatios(), ...measured }, null, 2)}\n`);
}
