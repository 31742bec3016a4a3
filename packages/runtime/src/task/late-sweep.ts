import type { Clock } from "../clock.ts";
import type { Sweep } from "./scheduler.ts";

const loadAfterMs = 1_000;
const loadAgainMs = 60_000;

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
      let sweep = await load().catch(() => undefined);
      // A load fails if no descriptor is free. The exact timer of the scheduler works without the sweep.
      while (sweep === undefined) {
        await clock.sleep(loadAgainMs, stopped.signal);
        sweep = await load().catch(() => undefined);
      }
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
