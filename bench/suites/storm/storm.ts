import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Figure } from "../../report/figures.ts";
import { percentile } from "../../statistics/percentile.ts";
import { spreadOf } from "../../statistics/spread.ts";
import { startJwksScene } from "../../storm/jwks-scene.ts";
import { runStorm, type StormResult } from "../../storm/run-storm.ts";
import type { Bench, Suite } from "../suite.ts";
import { stormTime } from "./time.ts";

const manner = { agents: "stock", overMs: 0, patienceMs: 600_000 } as const;

/** All pods of a mesh restart at once. `npm run bench:storm` has more choices, such as a real API server. */
export const storm: Suite = {
  name: "storm",
  title: "pods that all start at once, until the last one is served",
  takes: "1 min",
  async measure(bench) {
    const pods = bench.full ? 10_000 : 1_000;
    const rounds = Math.min(bench.rounds, 3);
    const results: StormResult[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bench.progress(`${pods} pods, round ${round + 1} of ${rounds}`, round / rounds);
      results.push(await stormOf(bench, pods, round));
    }
    return { figures: figuresOf(results, pods) };
  },
};

async function stormOf(bench: Bench, pods: number, round: number): Promise<StormResult> {
  const folder = join(bench.folder, String(round));
  mkdirSync(folder, { recursive: true });
  const scene = await startJwksScene(folder, pods);
  return runStorm(folder, scene, manner).finally(() => scene.stop());
}

function figuresOf(results: readonly StormResult[], pods: number): readonly Figure[] {
  const topic = `A storm: ${pods.toLocaleString("en-US")} pods start at once`;
  const median = (of: (result: StormResult) => number) => spreadOf(results.map(of)).median;
  const served = (result: StormResult) => result.pods.flatMap(({ servedMs }) => servedMs ?? []);
  const attempts = ({ pods }: StormResult) => pods.reduce((sum, pod) => sum + pod.attempts, 0) / pods.length;
  const quantile = (share: number) => median((result) => percentile(served(result), share) / 1000);
  return [
    { topic, name: "pods served", value: median((result) => served(result).length), unit: "" },
    { topic, name: stormTime, value: median(({ tookMs }) => tookMs / 1000), unit: "s" },
    { topic, name: "p50", value: quantile(0.5), unit: "s" },
    { topic, name: "p99", value: quantile(0.99), unit: "s" },
    { topic, name: "p999", value: quantile(0.999), unit: "s" },
    { topic, name: "attempts per pod", value: median(attempts), unit: "" },
    { topic, name: "peak memory of the CA", value: median(({ peakMib }) => peakMib), unit: "MiB" },
  ];
}
