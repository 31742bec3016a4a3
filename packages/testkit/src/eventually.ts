import { systemClock } from "@kasbah/runtime";

/** Looks again and again until it holds. For what real sockets decide, where no fake clock can. @throws Error in time */
export async function eventually(holds: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const deadline = systemClock.monotonicMs() + withinMs;
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadline) throw new Error(`not within ${withinMs} ms: ${holds}`);
    await systemClock.sleep(5);
  }
}
