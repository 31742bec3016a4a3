import assert from "node:assert/strict";
import { callsWithin, connectionsWithin, parseOpenFiles, readHostCapacity } from "./host-capacity.ts";

const MiB = 1024 * 1024;
const roomy = { openFiles: 1_000_000, memoryBytes: 64 * 1024 * MiB };

describe("connectionsWithin", () => {
  it("keeps the number that is wanted if files and memory suffice", () => {
    assert.equal(connectionsWithin(20_000, roomy).maxConnections, 20_000);
    assert.equal(connectionsWithin(20_000, { ...roomy, openFiles: undefined }).maxConnections, 20_000);
  });

  it("leaves files for everything else, half of them if there are few", () => {
    for (const [openFiles, most] of [
      [20_000, 19_488],
      [1_024, 512],
      [512, 256],
      [64, 32],
    ] as const) {
      const within = connectionsWithin(20_000, { ...roomy, openFiles });
      assert.ok(within.maxConnections + within.maxWaitingConnections <= most, JSON.stringify(within));
      assert.ok(within.maxWaitingConnections >= most / 5, JSON.stringify(within));
    }
  });

  it("leaves more than half of a memory of 512 MiB to the rest of the process", () => {
    const within = connectionsWithin(20_000, { ...roomy, memoryBytes: 512 * MiB });
    assert.ok(within.maxConnections > 1_500 && within.maxConnections < 2_500, JSON.stringify(within));
  });

  it("gives callers that have not authenticated at most a quarter of all connections", () => {
    const few = connectionsWithin(100, roomy);
    assert.deepEqual([few.maxConnections, few.maxUnauthenticated], [100, 25]);
    assert.equal(connectionsWithin(20_000, roomy).maxUnauthenticated, 256);
  });

  it("never goes below what a service needs, however little memory there is", () => {
    assert.equal(connectionsWithin(20_000, { ...roomy, memoryBytes: 32 * MiB }).maxConnections, 64);
    assert.equal(callsWithin(1_000, { ...roomy, memoryBytes: 32 * MiB }), 64);
  });
});

describe("readHostCapacity", () => {
  it("uses the limit of the container if it is lower than the memory of the host", () => {
    const { memoryBytes, openFiles } = readHostCapacity(256 * MiB);
    assert.equal(memoryBytes, 256 * MiB);
    assert.ok(openFiles === undefined || openFiles > 0);
  });

  it("ignores a container without a limit", () => {
    for (const none of [0, Number.MAX_SAFE_INTEGER])
      assert.ok(readHostCapacity(none).memoryBytes > 256 * MiB);
  });
});

describe("parseOpenFiles", () => {
  const line = (soft: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}   4096   files\n`;

  it("reads the soft limit", () => assert.equal(parseOpenFiles(line("1024")), 1024));

  it("knows no limit if there is none, or no such file", () => {
    assert.equal(parseOpenFiles(line("unlimited")), undefined);
    assert.equal(parseOpenFiles(""), undefined);
  });
});
