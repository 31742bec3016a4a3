import { uptime } from "node:os";

/** The only source of time: loops take a `Clock`, pure functions take `now: Date`. */
export interface Clock {
  /** The wall clock, which may be stepped forwards or backwards at any moment. */
  now(): Date;
  /** Milliseconds that never decrease. Compare them only with other readings of the same clock. */
  monotonicMs(): number;
  /**
   * Milliseconds since the machine booted. Unlike `monotonicMs` it counts the time that the machine was
   * suspended, so after a suspend it still agrees with the wall clock.
   */
  bootMs(): number;
  /**
   * Resolves after `ms` of monotonic time; rejects with `signal.reason` when aborted. A pending sleep keeps
   * the process alive, so a caller that may stop passes a signal. `Infinity` sleeps until aborted.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node fires a longer timer after one millisecond instead of rejecting it. */
const longestTimerMs = 2 ** 31 - 1;

/** The clocks of the machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  bootMs: () => uptime() * 1000,
  sleep,
};

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (Number.isNaN(ms)) throw new RangeError("cannot sleep for NaN milliseconds");
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const deadline = performance.now() + ms;
    let timer: NodeJS.Timeout;
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const arm = () => {
      const leftMs = deadline - performance.now();
      if (leftMs > 0) {
        timer = setTimeout(arm, Math.min(Math.ceil(leftMs), longestTimerMs));
        return;
      }
      signal?.removeEventListener("abort", onAbort);
      resolve();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    arm();
  });
}
