const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const units = [
  { ms: 365 * dayMs, name: "y" },
  { ms: dayMs, name: "d" },
  { ms: hourMs, name: "h" },
  { ms: minuteMs, name: "min" },
  { ms: secondMs, name: "s" },
] as const;

/** Hours do not matter from three days on, and seconds not from ten minutes on. */
const spansOfOneUnit = [
  { from: 3 * dayMs, to: 365 * dayMs },
  { from: 10 * minuteMs, to: hourMs },
];

/** `5 h 12 min`, `12 d`, `2 y 19 d`: at most two units, rounded down, so that it never promises more time than is left. */
export function durationWords(ms: number): string {
  const first = units.findIndex((unit) => ms >= unit.ms);
  const unit = units[first];
  if (unit === undefined) return "0 s";
  const count = Math.floor(ms / unit.ms);
  const next = units[first + 1];
  const isPlain = spansOfOneUnit.some(({ from, to }) => ms >= from && ms < to);
  const rest = next === undefined || isPlain ? 0 : Math.floor((ms % unit.ms) / next.ms);
  const head = `${count} ${unit.name}`;
  return rest === 0 || next === undefined ? head : `${head} ${rest} ${next.name}`;
}

/** `in 5 h 12 min`, `3 min ago` or `now`. */
export function distanceWords(at: number, now: number): string {
  const ms = at - now;
  if (Math.abs(ms) < secondMs) return "now";
  return ms < 0 ? `${durationWords(-ms)} ago` : `in ${durationWords(ms)}`;
}

/** `expires in 5 h 12 min` or `expired 3 h ago`. */
export function expiryWords(at: number, now: number): string {
  return `${at > now ? "expires" : "expired"} ${distanceWords(at, now)}`;
}

/** `2026-11-21 07:06 UTC`. */
export function dateWords(at: number): string {
  return `${isoAt(at).slice(0, 16).replace("T", " ")} UTC`;
}

/** `07:06:05 UTC`. */
export function clockWords(at: number): string {
  return `${isoAt(at).slice(11, 19)} UTC`;
}

/** `2026-11-21T07:06:05Z`. */
export function isoWords(at: number): string {
  return `${isoAt(at).slice(0, 19)}Z`;
}

/** An answer with a time that no date can hold must not stop the page. */
function isoAt(at: number): string {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : "unknown time";
}
