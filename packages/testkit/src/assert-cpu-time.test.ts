import assert from "node:assert/strict";
import { assertCpuTimeBelow } from "./assert-cpu-time.ts";

function spin(ms: number): void {
  const before = process.threadCpuUsage();
  while (process.threadCpuUsage(before).user < ms * 1000);
}

describe("assertCpuTimeBelow", () => {
  it("fails when every run is too expensive, and says how much the cheapest took", async () => {
    await assert.rejects(
      assertCpuTimeBelow(20, () => spin(30)),
      /took [3-9]\d[.\d]* ms of CPU time, expected less than 20 ms/,
    );
  });

  it("passes when one run is cheap enough, and then stops", async () => {
    const costs = [30, 0, 30];
    await assertCpuTimeBelow(20, () => spin(costs.shift() ?? 0));
    assert.deepEqual(costs, [30]);
  });

  it("does not count time spent waiting", async () => {
    await assertCpuTimeBelow(20, () => new Promise((resolve) => setTimeout(resolve, 50)));
  });
});
