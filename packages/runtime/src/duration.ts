import { RuntimeError } from "./errors.ts";

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/**
 * Each unit at most once and in descending order, so that a text has one meaning; Go's `24h0m0s` is valid.
 */
const grammar = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/;

/** Milliseconds from `90s`, `15m`, `24h`, `7d`, `250ms` or a chain such as `1h30m`. Throws `DURATION_MALFORMED`. */
export function parseDuration(text: string): number {
  const counts = text === "" ? null : grammar.exec(text);
  if (counts === null) {
    throw new RuntimeError("DURATION_MALFORMED", "expected a duration such as 90s, 15m or 24h");
  }
  return units.reduce((totalMs, [, unitMs], i) => totalMs + Number(counts[i + 1] ?? 0) * unitMs, 0);
}

/** The shortest text that `parseDuration` parses to the same number of whole milliseconds. */
export function formatDuration(ms: number): string {
  let restMs = Math.trunc(ms);
  let text = "";
  for (const [unit, unitMs] of units) {
    const count = Math.floor(restMs / unitMs);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * unitMs;
  }
  return text === "" ? "0s" : text;
}
