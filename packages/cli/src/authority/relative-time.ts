import { formatDuration } from "@kasbah/runtime";

/** `2026-01-02T03:04:05Z`: nobody reads milliseconds. */
export function plainTime(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

/** `in 6d4h`, `3m20s ago`: the two largest units of whole seconds. */
export function relativeTime(date: Date, now: Date): string {
  const ms = date.getTime() - now.getTime();
  const [text] = /^(?:\d+[dhms]){1,2}/.exec(formatDuration(Math.floor(Math.abs(ms) / 1000) * 1000)) ?? ["0s"];
  return ms < 0 ? `${text} ago` : `in ${text}`;
}

/** Both. */
export function timeAndDistance(date: Date, now: Date): string {
  return `${plainTime(date)} (${relativeTime(date, now)})`;
}
