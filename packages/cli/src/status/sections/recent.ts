import type { CodeCounts, StatusActivity } from "../report.ts";

const minuteMs = 60_000;

/** The sum of the newest intervals that cover this many minutes. The last one is not over. */
export function recentSum(counts: readonly number[], bucketMs: number, minutes: number): number {
  const buckets = Math.max(1, Math.ceil((minutes * minuteMs) / bucketMs));
  return counts.slice(-buckets).reduce((sum, count) => sum + count, 0);
}

/** The counts of the last ten minutes. */
export function recentCounts(
  all: readonly CodeCounts[],
  { bucketMs }: Pick<StatusActivity, "bucketMs">,
): readonly { readonly code: string; readonly count: number }[] {
  return all.map(({ code, counts }) => ({ code, count: recentSum(counts, bucketMs, 10) }));
}

/** Whether anything was refused in the last ten minutes. */
export function refusesNow(activity: Pick<StatusActivity, "bucketMs" | "refused">): boolean {
  return recentCounts(activity.refused, activity).some(({ count }) => count > 0);
}
