import { writeFileSync } from "node:fs";
import { createTokenIssuer } from "@kasbah/certs-dev";
import { systemClock } from "@kasbah/runtime";
import { type FakeCa, startFakeCa } from "@kasbah/testkit";
import { type Memory, memoryOf } from "../machine/process-figures.ts";
import type { Figure } from "../report/figures.ts";
import { buildImpatientAgent } from "./impatient-agent.ts";
import { type Running, startVariant, takeSecret } from "./scene.ts";
import { shipped, type Variant } from "./variants.ts";

/** The number of operations an agent performs, and how often its memory is sampled meanwhile. */
export interface Load {
  readonly times: number;
  readonly looks: number;
}

/**
 * Measures an agent's memory over many rotations, and over many clients that connect, fetch a secret and
 * disconnect.
 */
export async function measureGrowth(folder: string, load: Load): Promise<readonly Figure[]> {
  const ca = await startFakeCa({ now: () => systemClock.now() });
  const [tokens, rootPath] = [
    await createTokenIssuer({ issuer: "https://bench.invalid" }),
    `${folder}/root.pem`,
  ];
  writeFileSync(rootPath, ca.authority.rootPem);
  const beside = { port: ca.address.port, rootPath, tokens };
  const run = async (
    name: string,
    variant: Variant,
    until: (running: Running, count: number) => Promise<void>,
  ) => {
    const running = await startVariant(variant, `${folder}/${name}`, beside);
    try {
      await running.listening();
      await takeSecret(running.socket);
      return growthFigures(`${load.times} ${name}`, await follow(running, load, until));
    } finally {
      await running.stop();
    }
  };
  try {
    const impatient = await buildImpatientAgent(folder);
    const callsBefore = ca.calls.length;
    return [
      ...(await run("rotations", impatient, (_, count) => untilCalled(ca, callsBefore + count))),
      ...(await run("reconnects", shipped, reconnect())),
    ];
  } finally {
    await ca.close();
  }
}

/** Samples the memory before the load, and after each share of it. */
async function follow(
  running: Running,
  { times, looks }: Load,
  until: (running: Running, count: number) => Promise<void>,
): Promise<readonly (Memory & { readonly count: number })[]> {
  const seen = [];
  for (let look = 0; look <= looks; look += 1) {
    const count = Math.round((look * times) / looks);
    await until(running, count);
    seen.push({ count, ...memoryOf(running.pid) });
  }
  return seen;
}

async function untilCalled(ca: FakeCa, count: number): Promise<void> {
  while (ca.calls.length < count) await systemClock.sleep(10);
}

function reconnect(): (running: Running, count: number) => Promise<void> {
  let made = 0;
  return async ({ socket }, count) => {
    for (; made < count; made += 1) await takeSecret(socket);
  };
}

function growthFigures(
  topicName: string,
  seen: readonly (Memory & { readonly count: number })[],
): readonly Figure[] {
  const topic = `Agent footprint: ${topicName}`;
  const early = seen.find(({ count }) => count >= 1000) ?? seen.at(-1);
  const last = seen.at(-1);
  const later = seen.slice(Math.floor(seen.length / 2));
  const figure = (name: string, value: number | undefined, unit: string): Figure => ({
    topic,
    name,
    value: value ?? Number.NaN,
    unit,
  });
  return [
    figure(`resident memory after ${early?.count}`, early?.rssMib, "MiB"),
    figure(`anonymous memory after ${early?.count}`, early?.anonymousMib, "MiB"),
    figure(`PSS after ${early?.count}`, early?.pssMib, "MiB"),
    figure("resident memory at the end", last?.rssMib, "MiB"),
    figure("anonymous memory at the end", last?.anonymousMib, "MiB"),
    figure("resident growth in the second half, per 1000", slopeKib(later), "KiB"),
  ];
}

/** The slope of the least-squares line through the samples, in KiB per thousand operations. */
function slopeKib(seen: readonly (Memory & { readonly count: number })[]): number {
  const mean = (of: (each: Memory & { readonly count: number }) => number) =>
    seen.reduce((sum, each) => sum + of(each), 0) / seen.length;
  const [x, y] = [mean(({ count }) => count), mean(({ rssMib }) => rssMib)];
  const covariance = mean(({ count, rssMib }) => (count - x) * (rssMib - y));
  return (covariance / mean(({ count }) => (count - x) ** 2)) * 1000 * 1024;
}
