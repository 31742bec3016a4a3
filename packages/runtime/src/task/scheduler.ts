import type { Clock } from "../clock.ts";

/** Waits for instants of the wall clock, or for whatever else runs out. */
export interface Scheduler {
  /**
   * Resolves once the wall clock has reached `instant`, at once if it already has; rejects with `signal.reason`
   * when aborted. A clock stepped forwards or a process resumed from suspension is noticed by the next sweep.
   */
  waitUntil(instant: Date, signal: AbortSignal): Promise<void>;

  /**
   * Resolves once `remainingMs()` is zero or less, at once if it already is; rejects with `signal.reason` when aborted. For
   * a deadline that another clock than the wall clock may bring nearer: each look asks anew.
   */
  waitOut(remainingMs: () => number, signal: AbortSignal): Promise<void>;
}

/** Calls `check` now and then until stopped. The scheduler looks at the wall clock at each call. */
export type Sweep = (check: () => void) => { stop(): void };

/**
 * The longest the exact timer runs before the wall clock is read again. Timers count monotonic time, which stands
 * still while a machine is suspended and knows nothing of a stepped wall clock.
 */
const longestSliceMs = 30_000;

/** A scheduler that waits by an exact, re-armed timer and by a sweep, whichever sees the instant first. */
export function createScheduler(clock: Clock, sweep: Sweep): Scheduler {
  const waitOut = async (remainingMs: () => number, signal: AbortSignal) => {
    signal.throwIfAborted();
    if (Number.isNaN(remainingMs())) throw new RangeError("cannot wait for an invalid date");
    if (remainingMs() > 0) await firstOf(clock, sweep, remainingMs, signal);
  };
  return {
    waitOut,
    waitUntil: (instant, signal) => waitOut(() => instant.getTime() - clock.now().getTime(), signal),
  };
}

async function firstOf(
  clock: Clock,
  sweep: Sweep,
  remainingMs: () => number,
  signal: AbortSignal,
): Promise<void> {
  const swept = Promise.withResolvers<void>();
  const timer = new AbortController();
  const cancel = () => timer.abort(signal.reason);
  signal.addEventListener("abort", cancel, { once: true });
  const sweeping = sweep(() => {
    if (remainingMs() <= 0) swept.resolve();
  });
  try {
    await Promise.race([sleepInSlices(clock, remainingMs, timer.signal), swept.promise]);
  } finally {
    sweeping.stop();
    signal.removeEventListener("abort", cancel);
    timer.abort();
  }
}

async function sleepInSlices(clock: Clock, remainingMs: () => number, signal: AbortSignal): Promise<void> {
  for (let leftMs = remainingMs(); leftMs > 0; leftMs = remainingMs()) {
    // Whole milliseconds: what rounding leaves of a fraction would be waited for in steps of nothing.
    await clock.sleep(Math.min(Math.ceil(leftMs), longestSliceMs), signal);
  }
}
