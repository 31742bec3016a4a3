import type { Clock } from "../clock.ts";
import type { Sweep } from "./scheduler.ts";

const loadAfterMs = 1_000;

/**
 * A sweep whose code is loaded once something has waited for a second. The time of a daemon's start then goes
 * to what its clients wait for; until the sweep is loaded, the scheduler has its exact timer.
 */
export function lateSweep(clock: Clock, load: () => Promise<Sweep>): Sweep {
  return (check) => {
    const stopped = new AbortController();
    let sweeping: ReturnType<Sweep> | undefined;
    const begin = async () => {
      await clock.sleep(loadAfterMs, stopped.signal);
      const sweep = await load();
      if (!stopped.signal.aborted) sweeping = sweep(check);
    };
    begin().catch((error) => {
      if (!stopped.signal.aborted) throw error;
    });
    return {
      stop() {
        stopped.abort();
        sweeping?.stop();
      },
    };
  };
}
