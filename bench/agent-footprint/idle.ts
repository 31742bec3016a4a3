import { systemClock } from "@kasbah/runtime";
import { threadSecondsOf } from "../machine/process-figures.ts";
import type { Figure } from "../report/figures.ts";
import { type Beside, startVariant, takeSecret } from "./scene.ts";
import { floor, shipped } from "./variants.ts";

const topic = "Agent footprint: an idle minute";
const idleMs = 60_000;
const settleMs = 5_000;

/**
 * Measures the CPU time of an agent that has served its secret and is idle, and of bare Node during the same
 * minute.
 */
export async function measureIdle(folder: string, ca: Beside): Promise<readonly Figure[]> {
  const running = await Promise.all(
    [floor, shipped].map((variant, index) => startVariant(variant, `${folder}/idle-${index}`, ca)),
  );
  try {
    await Promise.all(running.map((each) => each.listening()));
    await takeSecret(running[1]?.socket ?? "");
    await systemClock.sleep(settleMs);
    const before = running.map(({ pid }) => threadSecondsOf(pid));
    await systemClock.sleep(idleMs);
    const used = running.map(({ pid }, index) => threadSecondsOf(pid) - (before[index] ?? Number.NaN));
    const [floorShare = Number.NaN, shippedShare = Number.NaN] = used.map(
      (seconds) => (100 * seconds * 1000) / idleMs,
    );
    return [
      { topic, name: "CPU, bare Node with a socket", value: floorShare, unit: "% of a core" },
      { topic, name: "CPU, as in the image", value: shippedShare, unit: "% of a core" },
    ];
  } finally {
    for (const each of running) await each.stop();
  }
}
