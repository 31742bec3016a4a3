import assert from "node:assert/strict";

const mostRuns = 5;

/**
 * Asserts that the work takes this thread less CPU time in at least one of five runs. Other processes do not count, and the
 * garbage collector or the compiler does not intervene in every run; work that is really expensive fails each time.
 */
export async function assertCpuTimeBelow(limitMs: number, work: () => unknown): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < mostRuns && least >= limitMs; run += 1) {
    const before = process.threadCpuUsage();
    await work();
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  assert.ok(least < limitMs, `took ${least} ms of CPU time, expected less than ${limitMs} ms`);
}
