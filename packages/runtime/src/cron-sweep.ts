import { schedule, validate } from "node-cron";
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

/** Whether a text is a pattern of five fields, or of six with seconds in front. */
export function isCronPattern(text: string): boolean {
  return validate(text);
}
