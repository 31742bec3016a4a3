import { systemClock } from "@kasbah/runtime";

/** Far beyond what a busy machine needs, and below the timeout of a test, so that the failure names its condition. */
const patienceMs = 60_000;

/** Polls until the condition holds. For real sockets, files and processes, which no fake clock controls. @throws Error after `withinMs` */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  withinMs = patienceMs,
): Promise<void> {
  const deadline = systemClock.monotonicMs() + withinMs;
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadline) throw new Error(`not within ${withinMs} ms: ${holds}`);
    await systemClock.sleep(5);
  }
}
