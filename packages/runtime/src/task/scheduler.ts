import type { Clock } from "../clock.ts";

/** Waits for instants of the wall clock, or for other deadlines. */
export interface Scheduler {
  /**
   * Resolves once the wall clock has reached `instant`, immediately if it already has; rejects with
   * `signal.reason` when aborted. The next sweep notices a clock that was stepped forwards, or a process that
   * resumed from suspension.
   */
  waitUntil(instant: Date, signal: AbortSignal): Promise<void>;

  /**
   * Resolves once `remainingMs()` is zero or less, immediately if it already is; rejects with `signal.reason`
   * when aborted. For deadlines that a clock other than the wall clock may bring forward: each check calls it
   * again.
   */
  waitOut(remainingMs: () => number, signal: AbortSignal): Promise<void>;
}

/** Calls `check` periodically until stopped. The scheduler reads the wall clock at each call. */
export type Sweep = (check: () => void) => { stop(): void };

/**
 * The longest time that the exact timer runs before the wall clock is read again. Timers use monotonic time,
 * which stops while a machine is suspended and ignores a stepped wall clock.
 */
const longestSliceMs = 30_000;

/**
 * Creates a scheduler that waits by an exact, re-armed timer and by a sweep, whichever reaches the instant
 * first.
 */
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
    // Whole milliseconds: the remainder of a fraction would be waited for in steps of zero.
    await clock.sleep(Math.min(Math.ceil(leftMs), longestSliceMs), signal);
  }
}
