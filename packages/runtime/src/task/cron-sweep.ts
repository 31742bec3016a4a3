import { createTask, validate } from "node-cron";
import { type Clock, systemClock } from "../clock.ts";
import type { Sweep } from "./scheduler.ts";

/** A timer knows nothing of a stepped wall clock: so often at least, the next tick is worked out anew. */
const longestSliceMs = 10_000;
const latestMs = 1_000;

/**
 * A sweep of the wall clock by a pattern of node-cron, every ten seconds unless told otherwise. It does not keep the process
 * alive. A tick that a blocked event loop or a stepped clock missed is skipped: the next one sees the same clock.
 */
export function cronSweep(pattern = "*/10 * * * * *", clock: Clock = systemClock): Sweep {
  return (check) => {
    // Never started: node-cron's own runner walks through every tick that a stepped clock has passed, a year of them for minutes,
    // and after a step back sleeps until the clock is where it was.
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

/** Whether a text is a pattern of five fields, or of six with seconds in front. */
export function isCronPattern(text: string): boolean {
  return validate(text);
}
