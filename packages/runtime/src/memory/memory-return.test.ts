import assert from "node:assert/strict";
import process from "node:process";
import { returnFreeHeap } from "./free-heap.ts";
import { collectGarbage } from "./garbage.ts";
import { MemoryReturn } from "./memory-return.ts";

const noSweep = () => ({ stop: () => {} });

describe("MemoryReturn", () => {
  function observe(looks: readonly (readonly [residentBytes: number, busyShare: number])[]) {
    let at = 0;
    const releases: number[] = [];
    const memory = new MemoryReturn({
      sweep: noSweep,
      residentBytes: () => (releases.includes(at) ? 100 : (looks[at]?.[0] ?? 0)),
      busyShare: () => looks[at]?.[1] ?? 0,
      release: async () => void releases.push(at),
    });
    const run = async () => {
      for (; at < looks.length; at += 1) await memory.look();
      return releases;
    };
    return run();
  }

  it("releases nothing while the process is busy, and once when it is idle again", async () => {
    assert.deepEqual(
      await observe([
        [100, 0],
        [300, 1],
        [300, 0.9],
        [300, 0.1],
        [105, 0],
      ]),
      [3],
    );
  });

  it("releases nothing if the process has not grown by a tenth since the last release", async () => {
    assert.deepEqual(
      await observe([
        [100, 0],
        [109, 0],
        [200, 0],
        [109, 0],
        [111, 0],
      ]),
      [2, 4],
    );
  });
});

describe("returnFreeHeap", () => {
  it("returns memory of freed blocks that lie between used ones, and prints no warning", async () => {
    const warnings: unknown[] = [];
    const note = (warning: unknown) => warnings.push(warning);
    process.on("warning", note);
    const kept = Array.from({ length: 100_000 }, () => Buffer.allocUnsafeSlow(600)).filter(
      (_, at) => at % 50 === 0,
    );
    await collectGarbage();
    const before = process.memoryUsage.rss();
    returnFreeHeap();
    const returnedMiB = (before - process.memoryUsage.rss()) / 1024 ** 2;
    process.off("warning", note);
    assert.deepEqual([warnings, kept.length], [[], 2_000]);
    assert.ok(returnedMiB > 10, `${returnedMiB} MiB`);
  });
});
