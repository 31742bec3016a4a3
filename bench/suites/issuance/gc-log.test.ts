import assert from "node:assert/strict";
import { readCollections } from "./gc-log.ts";

describe("The log of garbage collections", () => {
  it("is summed over scavenges and full collections, without the server's own lines", () => {
    const log = [
      "[3120:0x7f]      812 ms: Scavenge 31.0 (49.3) -> 25.5 (50.1) MB, pooled: 0 MB, 2.50 / 0.00 ms  (average mu = 1.0) task;",
      '{"event":"certificate issued","ms":3}',
      "[3120:0x7f]      990 ms: Mark-Compact 40.5 (60.0) -> 30.0 (61.0) MB, pooled: 0 MB, 7.50 / 0.01 ms  (+ 1.0 ms in 4 steps) finalize;",
    ].join("\n");
    assert.deepEqual(readCollections(log), { count: 2, freedMib: 16, pausesMs: 10 });
  });
});
