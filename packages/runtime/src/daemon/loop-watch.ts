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
 * Notices when the event loop stood still for more than a second: blocked by work of our own, starved of the processor, or stopped
 * (SIGSTOP). It counts and logs that afterwards and ends nothing, since a process that goes on again serves what it has; while it
 * lasts, `/healthz/live` does not answer.
 */
export function createLoopWatch({ registry, clock, logger }: LoopWatchDeps): Component {
  const registers = [registry];
  const stalls = new Counter({
    name: "kasbah_event_loop_stalls",
    help: "Times that the event loop stood still for more than a second.",
    registers,
  });
  const seconds = new Counter({
    name: "kasbah_event_loop_stalled_seconds",
    help: "For how long in all.",
    registers,
  });
  let dueMs = Number.POSITIVE_INFINITY;
  const pass = async () => {
    const lateMs = clock.monotonicMs() - dueMs;
    if (lateMs > stallMs) {
      stalls.inc();
      seconds.inc(lateMs / 1000);
      logger.warn("the event loop stood still", { stalledMs: Math.round(lateMs) });
    }
    dueMs = clock.monotonicMs() + lookEveryMs;
    return lookEveryMs;
  };
  const loop = new Loop({ clock, pass });
  return { name: "loop watch", start: async () => loop.start(), stop: () => loop.stop() };
}
