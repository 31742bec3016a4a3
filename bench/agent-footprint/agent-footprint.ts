import { mkdirSync } from "node:fs";
import { startCa } from "../daemons.ts";
import type { Figure } from "../report/figures.ts";
import { measureGrowth } from "./growth.ts";
import { measureIdle } from "./idle.ts";
import { measureStarts } from "./starts.ts";

/** Measures the cost of an agent: its start and, in full, every variant, an idle minute, and growth over a long run. */
export async function measureAgentFootprint(folder: string, full: boolean): Promise<readonly Figure[]> {
  const ca = await startCa(folder);
  try {
    const rounds = full ? 7 : 3;
    const starts = await measureStarts(`${folder}/starts`, ca, { rounds, others: full });
    if (!full) return starts;
    const idle = await measureIdle(`${folder}/idle`, ca);
    mkdirSync(`${folder}/growth`);
    return [...starts, ...idle, ...(await measureGrowth(`${folder}/growth`, { times: 10_000, looks: 20 }))];
  } finally {
    await ca.stop();
  }
}
