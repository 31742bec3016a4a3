import { mkdirSync } from "node:fs";
import { startCa } from "../daemons.ts";
import type { Figure } from "../report.ts";
import { measureGrowth } from "./growth.ts";
import { measureIdle } from "./idle.ts";
import { measureStarts } from "./starts.ts";

/** Measures the cost of an agent: each variant, an idle minute, and growth over a long run. */
export async function measureAgentFootprint(folder: string): Promise<readonly Figure[]> {
  const ca = await startCa(folder);
  try {
    const figures = [
      ...(await measureStarts(`${folder}/starts`, ca, 7)),
      ...(await measureIdle(`${folder}/idle`, ca)),
    ];
    mkdirSync(`${folder}/growth`);
    return [...figures, ...(await measureGrowth(`${folder}/growth`, { times: 10_000, looks: 20 }))];
  } finally {
    await ca.stop();
  }
}
