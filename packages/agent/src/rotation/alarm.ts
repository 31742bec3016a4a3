import type { Lifetime } from "./schedule.ts";

/** Percentages of the remaining lifetime at which a failing rotation becomes more urgent. */
export const alarmLevels = [50, 25, 10] as const;

export type AlarmLevel = (typeof alarmLevels)[number];

/** Returns the levels that a failing rotation has reached at `now`, the mildest first. */
export function levelsReached({ receivedAt, notAfter }: Lifetime, now: Date): readonly AlarmLevel[] {
  const lifeMs = notAfter.getTime() - receivedAt.getTime();
  const leftPercent = lifeMs > 0 ? (100 * (notAfter.getTime() - now.getTime())) / lifeMs : 0;
  return alarmLevels.filter((level) => leftPercent <= level);
}
