import assert from "node:assert/strict";
import process from "node:process";
import { eventually } from "@kasbah/testkit";
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
      residentBytes: () => looks[at]?.[0] ?? 0,
      busyShare: () => looks[at]?.[1] ?? 0,
      release: async () => void releases.push(at),
    });
    const run = async () => {
      for (at = 1; at < looks.length; at += 1) await memory.look();
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

  it("releases nothing if the process is not a tenth larger than it was at its smallest", async () => {
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

  it("releases again, after pauses of 1, 2, 4 and at most 64 looks, while the process stays large", async () => {
    const looks = Array.from({ length: 270 }, () => [200, 0] as const);
    assert.deepEqual(await observe([[100, 0], ...looks]), [1, 3, 6, 11, 20, 37, 70, 135, 200, 265]);
  });

  it("releases what a burst used that had begun before the first look", async () => {
    assert.deepEqual(
      await observe([
        [100, 0],
        [300, 1],
        [250, 0],
      ]),
      [2],
    );
  });

  it("releases as soon as the process is idle again, if another burst interrupts the pauses", async () => {
    const large = [200, 0] as const;
    assert.deepEqual(await observe([[100, 0], large, large, large, large, [300, 1], large]), [1, 3, 6]);
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
    const largest = process.memoryUsage.rss();
    // V8 frees buffers on a thread of its own, so the first attempt may find few of them free.
    await eventually(() => {
      returnFreeHeap();
      return process.memoryUsage.rss() < largest - 10 * 1024 ** 2;
    });
    process.off("warning", note);
    assert.deepEqual([warnings, kept.length], [[], 2_000]);
  });
});
