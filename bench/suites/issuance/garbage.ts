import { readFileSync } from "node:fs";
import { join } from "node:path";
import { usualLaunch } from "../../contenders/contender.ts";
import { MeasuredCa, usualCalls } from "../../measure/measured-ca.ts";
import type { Figure } from "../../report/figures.ts";
import { type Bench, withoutPeers } from "../suite.ts";
import { readCollections } from "./gc-log.ts";

const topic = "Garbage: V8's heap, by --trace-gc, 16 callers";
const callers = 16;

/** How much garbage a certificate leaves, and how long its collection stops the main thread. */
export async function measureGarbage(bench: Bench): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [index, contender] of withoutPeers(bench).contenders.entries()) {
    const folder = join(bench.folder, `garbage-${index}`);
    const launch = { ...usualLaunch, gcLog: join(folder, "gc.log") };
    bench.progress(`garbage of ${contender.name}`, 0.9);
    const ca = await MeasuredCa.start(contender, launch, folder, bench.materials);
    try {
      const collections = () => readCollections(readFileSync(launch.gcLog, "utf8"));
      await ca.warmUp({ callers, calls: bench.warmUp });
      const before = collections();
      const { served } = await ca.measure({ ...usualCalls, callers, calls: 2 * bench.calls });
      const after = collections();
      const kib = ((after.freedMib - before.freedMib) * 1024) / served;
      const pausesUs = ((after.pausesMs - before.pausesMs) * 1000) / served;
      figures.push(
        { topic, name: `freed for each certificate, ${contender.name}`, value: kib, unit: "KiB" },
        { topic, name: `pauses for each certificate, ${contender.name}`, value: pausesUs, unit: "µs" },
      );
    } finally {
      await ca.stop();
    }
  }
  return figures;
}
