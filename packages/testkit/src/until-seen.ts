import { systemClock } from "@kasbah/runtime";

const lookEveryMs = 10;

/** Polls until a value appears; throws if there is none after `withinMs`. */
export async function untilSeen<T>(
  what: string,
  withinMs: number,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const startedAt = systemClock.monotonicMs();
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (systemClock.monotonicMs() - startedAt > withinMs) throw new Error(`no ${what} within ${withinMs} ms`);
    await systemClock.sleep(lookEveryMs);
  }
}
