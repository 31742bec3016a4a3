import { createTask, validate } from "node-cron";
import { type Clock, systemClock } from "../clock.ts";
import type { Sweep } from "./scheduler.ts";

/** Timers do not notice a stepped wall clock, so the next tick is recomputed at least this often. */
const longestSliceMs = 10_000;
const latestMs = 1_000;

/**
 * A sweep by a node-cron pattern on the wall clock, by default every ten seconds. It does not keep the
 * process alive. A tick that was missed because of a blocked event loop or a stepped clock is skipped,
 * because the next one sees the same clock.
 */
export function cronSweep(pattern = "*/10 * * * * *", clock: Clock = systemClock): Sweep {
  return (check) => {
    // Never started: node-cron's own runner iterates over every tick that a stepped clock has passed, which
    // takes minutes for a year, and after a step back it sleeps until the clock has caught up.
    const task = createTask(pattern, () => {});
    let due = nextTick(task);
    let timer: NodeJS.Timeout;
    const beat = () => {
      const lateMs = clock.now().getTime() - due;
      due = nextTick(task);
      arm();
      if (lateMs >= 0 && lateMs <= latestMs) check();
    };
    const arm = () => {
      const leftMs = Math.max(0, due - clock.now().getTime());
      timer = setTimeout(beat, Math.min(leftMs, longestSliceMs)).unref();
    };
    arm();
    return {
      stop() {
        clearTimeout(timer);
        void task.destroy();
      },
    };
  };
}

function nextTick(task: ReturnType<typeof createTask>): number {
  const [next] = task.getNextRuns(1);
  if (next === undefined) throw new RangeError("the pattern has no next tick");
  return next.getTime();
}

/** Whether a text is a cron pattern of five fields, or of six with leading seconds. */
export function isCronPattern(text: string): boolean {
  return validate(text);
}
