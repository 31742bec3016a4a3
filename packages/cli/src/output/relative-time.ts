import { formatDuration } from "@kasbah/runtime";

/** `2026-01-02T03:04:05Z`: milliseconds are noise. */
export function plainTime(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** The precision of a distance: hours do not matter in a month, minutes in a day, seconds in an hour. */
const grains = [
  { fromMs: 30 * dayMs, grainMs: dayMs },
  { fromMs: dayMs, grainMs: hourMs },
  { fromMs: hourMs, grainMs: minuteMs },
  { fromMs: 0, grainMs: secondMs },
];

/** `in 6d 4h`, `3m 20s ago` or `now`: at most two units, rounded towards now. */
export function relativeTime(date: Date, now: Date): string {
  const ms = date.getTime() - now.getTime();
  const distanceMs = Math.abs(ms);
  if (distanceMs < secondMs) return "now";
  const { grainMs } = grains.find(({ fromMs }) => distanceMs >= fromMs) ?? { grainMs: secondMs };
  const text = formatDuration(distanceMs - (distanceMs % grainMs)).replace(/(?<=[dhm])(?=\d)/, " ");
  return ms < 0 ? `${text} ago` : `in ${text}`;
}

/** The time followed by its distance from now. */
export function timeAndDistance(date: Date, now: Date): string {
  return `${plainTime(date)} (${relativeTime(date, now)})`;
}
