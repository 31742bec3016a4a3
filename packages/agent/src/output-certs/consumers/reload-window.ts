import type { Clock } from "@kasbah/runtime";
import type { FilesChange } from "./consumer.ts";
import type { ConsumerRun } from "./consumer-loop.ts";

type Run = ConsumerRun["run"];

export interface ReloadWindowDeps {
  readonly windowMs: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
}

/**
 * Delays the run for each change by a random share of the window, so that the replicas of a service do not reload
 * at once. A retry is not delayed again. Neither is the first run after a start, because it is unknown which
 * certificate the application has, nor a run whose delay would outlast the certificate that it has.
 */
export function withinWindow(run: Run, { windowMs, clock, roll }: ReloadWindowDeps): Run {
  if (windowMs === 0) return run;
  let loadedUntil: Date | undefined;
  let delayed: FilesChange | undefined;
  return async (change, signal) => {
    if (delayed !== change && loadedUntil !== undefined) {
      const delayMs = roll() * windowMs;
      const leftMs = loadedUntil.getTime() - clock.now().getTime();
      if (delayMs < leftMs) await clock.sleep(delayMs, signal).catch(() => undefined);
    }
    delayed = change;
    if (signal.aborted) return { result: "timeout", exitCode: undefined, killedBy: undefined, output: [] };
    const outcome = await run(change, signal);
    if (outcome.result === "ok") loadedUntil = change.notAfter;
    return outcome;
  };
}
