import { schedule } from "node-cron";
import type { Sweep } from "./scheduler.ts";

const silent = { info() {}, warn() {}, error() {}, debug() {} };

/**
 * A sweep of the wall clock by node-cron, every ten seconds unless told otherwise. It does not keep the process
 * alive. A tick that a blocked event loop missed is skipped: the next one sees the same clock.
 */
export function cronSweep(pattern = "*/10 * * * * *"): Sweep {
  return (check) => {
    // node-cron reports a missed tick on the console by itself, past the log and its format.
    const task = schedule(pattern, check, { noOverlap: true, unref: true, logger: silent });
    return { stop: () => void task.destroy() };
  };
}
