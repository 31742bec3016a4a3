import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { HammerCounts, HammerOrders } from "./hammer.ts";

/** Runs in a thread of its own, so that the attacker does not slow down the good callers. Returns how to stop it. */
export function startHammer(orders: HammerOrders): () => Promise<HammerCounts> {
  const worker = new Worker(new URL("./hammer.ts", import.meta.url), { workerData: orders });
  worker.on("error", (error) => process.stderr.write(`the attacker failed: ${String(error)}\n`));
  let stopped: Promise<HammerCounts> | undefined;
  const stop = async () => {
    const counted = once(worker, "message");
    worker.postMessage("stop");
    const [counts] = await counted;
    await worker.terminate();
    return counts;
  };
  return () => {
    stopped ??= stop();
    return stopped;
  };
}
