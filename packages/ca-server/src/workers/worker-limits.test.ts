import assert from "node:assert/strict";
import fc from "fast-check";
import type { LimitConfig } from "../config/limits.ts";
import { sharesOfWorkers } from "./worker-limits.ts";

const gibibyte = 1024 ** 3;
const config: LimitConfig = {
  ...{ maxConnections: 20_000, maxConnectionsPerAddress: 0, maxStreams: 100, maxInFlight: 1_000 },
  ...{ maxWatches: 1_000, bodyTimeout: 2_000, maxRequestBytes: 65_536, maxHeaderBytes: 20_480 },
  ...{ handshakeTimeout: 5_000, firstRequestTimeout: 10_000, callTimeout: 10_000, maxIdle: 300_000 },
  ...{ maxConnectionAge: 1_800_000, resetBurst: 100, logLevel: "info", logFormat: "json" },
};
const divided = [
  ...["maxConnections", "maxUnauthenticated", "maxWaitingConnections", "maxConnectionsPerAddress"],
  ...["maxWaiting", "maxOpenStreams", "maxStreams"],
] as const;

describe("Limits of workers", () => {
  it("sum up to no more than those of the CA, on any host", () => {
    const flags = fc.record({
      maxConnections: fc.integer({ min: 1, max: 100_000 }),
      maxConnectionsPerAddress: fc.nat(1_000),
      maxInFlight: fc.integer({ min: 1, max: 10_000 }),
      maxWatches: fc.integer({ min: 1, max: 10_000 }),
    });
    const openFiles = fc.option(fc.integer({ min: 64, max: 1_000_000 }), { nil: undefined });
    const memoryBytes = fc.integer({ min: gibibyte, max: 64 * gibibyte });
    const wanted = fc.integer({ min: 1, max: 64 });
    fc.assert(
      fc.property(flags, openFiles, memoryBytes, wanted, (own, files, memory, count) => {
        const capacity = { openFiles: files, memoryBytes: memory };
        const { workers, whole, each } = sharesOfWorkers({ ...config, ...own }, capacity, count);
        assert.ok(workers >= 1 && workers <= count);
        for (const name of divided) {
          const most = Math.max(whole[name as keyof typeof whole], workers);
          assert.ok(each[name as keyof typeof each] * workers <= most, name);
        }
        assert.ok(each.maxConnections * workers <= own.maxConnections);
        assert.ok(each.maxStreams * workers <= own.maxWatches);
        if (own.maxConnectionsPerAddress > 0) {
          assert.ok(each.maxConnectionsPerAddress >= 1, "0 would mean no limit");
          assert.ok(each.maxConnectionsPerAddress * workers <= own.maxConnectionsPerAddress);
        }
      }),
    );
  });

  it("leave each process its own open files, and divide the memory", () => {
    const capacity = { openFiles: 1_024, memoryBytes: 512 * 1024 * 1024 };
    const { each } = sharesOfWorkers(config, capacity, 2);
    assert.equal(each.maxConnections, 512, "bounded by memory: 192 MiB / 2 / 96 KiB / 2");
    const files = sharesOfWorkers(config, { openFiles: 1_024, memoryBytes: 8 * gibibyte }, 2);
    assert.ok(files.each.maxConnections + files.each.maxWaitingConnections <= 1_024);
    assert.ok(files.each.maxConnections > 512);
  });

  it("lower the number of workers to a limit that cannot be divided further", () => {
    const capacity = { openFiles: undefined, memoryBytes: 8 * gibibyte };
    assert.equal(sharesOfWorkers({ ...config, maxConnections: 3 }, capacity, 8).workers, 3);
    assert.equal(sharesOfWorkers({ ...config, maxConnectionsPerAddress: 1 }, capacity, 8).workers, 1);
  });
});
