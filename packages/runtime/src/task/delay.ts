import type { Clock } from "../clock.ts";

/** Resolves after `ms`, or as soon as `signal` aborts. For loops that check the signal themselves. */
export function delay(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return clock.sleep(ms, signal).catch(() => undefined);
}
