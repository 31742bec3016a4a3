import type { Clock, Scheduler } from "@kasbah/runtime";

/** In the place of the runtime's: whatever is waited for is due at once, so that an agent rotates on and on. */
export function createScheduler(clock: Clock): Scheduler {
  return {
    waitUntil: (_instant, signal) => clock.sleep(1, signal),
    waitOut: (_remainingMs, signal) => clock.sleep(1, signal),
  };
}
