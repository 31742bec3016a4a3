import type { Clock, Scheduler } from "@kasbah/runtime";

/** Replaces the runtime's scheduler: every wait ends immediately, so the agent rotates without a pause. */
export function createScheduler(clock: Clock): Scheduler {
  return {
    waitUntil: (_instant, signal) => clock.sleep(1, signal),
    waitOut: (_remainingMs, signal) => clock.sleep(1, signal),
  };
}
