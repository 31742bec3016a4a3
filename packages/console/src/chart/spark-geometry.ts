export interface Spark {
  /** The outline of the intervals that are over, as the `d` of an SVG path. */
  readonly line: string;
  /** The outline closed along the bottom, to be filled. */
  readonly area: string;
  /** The interval that is not over. */
  readonly partial: string;
  /** The greatest count; the top of the picture. */
  readonly peak: number;
}

/**
 * Draws counts as steps from left to right. The last interval is not over and stands apart, so that it does not look like an
 * outage. A count that is not a number counts as none.
 */
export function sparkOf(counts: readonly number[], width: number, height: number): Spark {
  const known = counts.map((count) => (Number.isFinite(count) && count > 0 ? count : 0));
  const peak = Math.max(0, ...known);
  const step = width / Math.max(known.length, 1);
  const y = (count: number) => round(height - (peak === 0 ? 0 : (count / peak) * height));
  const over = known.slice(0, -1);
  const steps = over.map((count, index) => `V${y(count)}H${round((index + 1) * step)}`).join("");
  const line = `M0 ${y(over[0] ?? 0)}${steps}`;
  const [start, end] = [round(over.length * step), round(known.length * step)];
  const partial = `M${start} ${height}V${y(known.at(-1) ?? 0)}H${end}V${height}Z`;
  return { line, area: `${line}V${height}H0Z`, partial, peak };
}

/** The index of the interval at a position of the pointer, from 0 at the left edge to 1 at the right one. */
export function bucketAt(position: number, buckets: number): number {
  return Math.min(Math.max(Math.floor(position * buckets), 0), Math.max(buckets - 1, 0));
}

/** The time at which an interval begins. */
export function bucketStart(index: number, buckets: number, endsAt: number, bucketMs: number): number {
  return endsAt - (buckets - index) * bucketMs;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
