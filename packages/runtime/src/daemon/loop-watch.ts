import type { Clock } from "../clock.ts";
import type { Logger } from "../log/log.ts";
import { Counter, type Registry } from "../metrics/index.ts";
import { Loop } from "../task/loop.ts";
import type { Component } from "./lifecycle.ts";

export interface LoopWatchDeps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookEveryMs = 1_000;
const stallMs = 1_000;

/**
 * Detects that the event loop was blocked for more than a second, by the daemon's own work, a lack of CPU
 * time or SIGSTOP. It only counts and logs this afterwards, because a process that resumes can still serve
 * its data; meanwhile `/healthz/live` does not answer.
 */
export function createLoopWatch({ registry, clock, logger }: LoopWatchDeps): Component {
  const registers = [registry];
  const stalls = new Counter({
    name: "kasbah_event_loop_stalls",
    help: "Number of times that the event loop was blocked for more than a second.",
    registers,
  });
  const seconds = new Counter({
    name: "kasbah_event_loop_stalled_seconds",
    help: "Total time for which it was blocked, in seconds.",
    registers,
  });
  let dueMs = Number.POSITIVE_INFINITY;
  const pass = async () => {
    const lateMs = clock.monotonicMs() - dueMs;
    if (lateMs > stallMs) {
      stalls.inc();
      seconds.inc(lateMs / 1000);
      logger.warn("the event loop was blocked", { stalledMs: Math.round(lateMs) });
    }
    dueMs = clock.monotonicMs() + lookEveryMs;
    return lookEveryMs;
  };
  const loop = new Loop({ clock, pass });
  return { name: "loop watch", start: async () => loop.start(), stop: () => loop.stop() };
}
