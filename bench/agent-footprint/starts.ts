import { mkdirSync } from "node:fs";
import { systemClock } from "@kasbah/runtime";
import { type Memory, memoryOf } from "../machine/process-figures.ts";
import type { Figure } from "../report/figures.ts";
import { percentile } from "../statistics/percentile.ts";
import { type Beside, startVariant, takeSecret } from "./scene.ts";
import { alternatives, floor, shipped, type Variant } from "./variants.ts";

const settleMs = 2_000;

interface Start extends Memory {
  readonly listeningMs: number;
  /** Missing for the floor, which serves no secret. */
  readonly firstSecretMs: number;
}

/**
 * Measures how long each variant takes to serve its first secret, and its memory when idle: medians of
 * interleaved starts.
 */
export async function measureStarts(
  folder: string,
  ca: Beside,
  { rounds, others }: { readonly rounds: number; readonly others: boolean },
): Promise<readonly Figure[]> {
  mkdirSync(`${folder}/cache`, { recursive: true });
  const variants = [floor, shipped, ...(others ? alternatives(`${folder}/cache`) : [])];
  const seen = new Map<Variant, Start[]>(variants.map((variant) => [variant, []]));
  // The first round only warms the disk cache and fills the compile cache.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, variant] of variants.entries()) {
      const start = await measureStart(variant, `${folder}/start-${round}-${index}`, ca);
      if (round > 0) seen.get(variant)?.push(start);
    }
  }
  const medians = new Map([...seen].map(([variant, starts]) => [variant, medianOf(starts)]));
  const least = medians.get(floor) ?? medianOf([]);
  return [...medians].flatMap(([variant, start]) => figuresOf(variant, start, least, rounds));
}

async function measureStart(variant: Variant, folder: string, ca: Beside): Promise<Start> {
  const running = await startVariant(variant, folder, ca);
  try {
    await running.listening();
    const listeningMs = systemClock.monotonicMs() - running.startedMs;
    if (variant !== floor) await takeSecret(running.socket);
    const firstSecretMs = systemClock.monotonicMs() - running.startedMs;
    await systemClock.sleep(settleMs);
    return { listeningMs, firstSecretMs, ...memoryOf(running.pid) };
  } finally {
    await running.stop();
  }
}

function medianOf(starts: readonly Start[]): Start {
  const median = (key: keyof Start) =>
    percentile(
      starts.map((start) => start[key]),
      0.5,
    );
  return {
    listeningMs: median("listeningMs"),
    firstSecretMs: median("firstSecretMs"),
    rssMib: median("rssMib"),
    anonymousMib: median("anonymousMib"),
    pssMib: median("pssMib"),
  };
}

function figuresOf(variant: Variant, start: Start, least: Start, rounds: number): readonly Figure[] {
  const topic = `Agent footprint: ${variant.name} (median of ${rounds})`;
  const figure = (name: string, key: keyof Start, unit: string): Figure => {
    const against = { ratio: start[key] / least[key], of: "the floor" };
    return { topic, name, value: start[key], unit, ...(variant === floor ? {} : { against }) };
  };
  return [
    figure("start to listening", "listeningMs", "ms"),
    ...(variant === floor ? [] : [figure("start to first secret", "firstSecretMs", "ms")]),
    figure("resident memory, idle", "rssMib", "MiB"),
    figure("anonymous memory, idle", "anonymousMib", "MiB"),
    figure("proportional memory (PSS), idle", "pssMib", "MiB"),
  ];
}
