import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import {
  type ManualSweep,
  manualSweep,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import type { RefusedEntry } from "../entry/entry.ts";
import { hostOf } from "../entry/peer-host.ts";
import { RefusalLog } from "./refusal-log.ts";

const refusal = (peerAddress: string, problem = "no token"): RefusedEntry => ({
  ...{ v: 2, kind: "refused", time: "2030-01-01T00:00:00.000Z", referenceId: "ref", code: "TOKEN_MISSING" },
  ...{ peerAddress, problem },
});

/** Allows each host this many entries. */
function shareForEach(share: number) {
  const taken = new Map<string, number>();
  return {
    take(host: string) {
      taken.set(host, (taken.get(host) ?? 0) + 1);
      return (taken.get(host) ?? 0) <= share;
    },
  };
}

describe("RefusalLog", () => {
  let directory: TemporaryDirectory;
  let second: ManualSweep;
  let dropped: string[];
  let record: RefusalLog;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    [second, dropped] = [manualSweep(), []];
    record = newRecord(directory.path);
    await record.start();
  });

  afterEach(async () => {
    await record.stop();
    await directory.remove();
  });

  const newRecord = (path: string, share = 1e6) =>
    new RefusalLog({
      directory: path,
      limit: shareForEach(share),
      sweep: second.sweep,
      onDropped: (why) => dropped.push(why),
      logger: recordingLogger(),
    });

  it("limits each address to its share, regardless of the port, and counts dropped entries", async () => {
    record = newRecord(directory.path, 2);
    await record.start();
    for (let port = 1; port < 6; port += 1) record.add(refusal(`10.0.0.1:${port}`));
    record.add(refusal("[2001:db8::1]:5"));
    assert.deepEqual(dropped, ["peer", "peer", "peer"]);
    await record.stop();
    const lines = (await readFile(directory.join("newest.jsonl"), "utf8")).trimEnd().split("\n");
    assert.equal(lines.length, 3);
    assert.equal(JSON.parse(lines[2] ?? "").peerAddress, "[2001:db8::1]:5");
  });

  it("buffers at most one mebibyte between two writes, and accepts entries again afterwards", async () => {
    const long = "x".repeat(10_000);
    for (let peer = 0; peer < 150; peer += 1) record.add(refusal(`10.0.0.${peer}:1`, long));
    assert.ok(dropped.length > 40 && dropped.length < 60, `${dropped.length} dropped`);
    assert.deepEqual(new Set(dropped), new Set(["crowd"]));
    second.tick();
    await record.settled();
    record.add(refusal("10.0.1.1:1", "after"));
    second.tick();
    await record.settled();
    assert.match(await readFile(directory.join("newest.jsonl"), "utf8"), /"problem":"after"/);
    assert.ok((await stat(directory.join("newest.jsonl"))).size < 1024 * 1024 + 1_000);
  });

  it("uses at most two files on disk and keeps the newest refusals", async () => {
    const long = "x".repeat(30_000);
    for (let round = 0; round < 30; round += 1) {
      for (let peer = 0; peer < 30; peer += 1) record.add(refusal(`10.0.0.${peer}:1`, `${round} ${long}`));
      second.tick();
      await record.settled();
    }
    assert.deepEqual((await readdir(directory.path)).sort(), ["before.jsonl", "newest.jsonl"]);
    for (const name of ["before.jsonl", "newest.jsonl"]) {
      const { size, mode } = await stat(directory.join(name));
      assert.ok(size <= 8 * 1024 * 1024, `${size} bytes`);
      assert.equal(mode & 0o777, 0o600);
    }
    const newest = (await readFile(directory.join("newest.jsonl"), "utf8")).trimEnd().split("\n");
    assert.match(JSON.parse(newest.at(-1) ?? "").problem, /^29 /);
  });

  it("counts entries that could not be written", async () => {
    record = newRecord(directory.join("missing"));
    await record.start();
    record.add(refusal("10.0.0.1:1"));
    second.tick();
    await record.settled();
    assert.deepEqual(dropped, ["disk"]);
  });

  it("limits an address that has no port", () => {
    assert.deepEqual(["10.0.0.1:5", "[::1]:5", "unix", ""].map(hostOf), ["10.0.0.1", "[::1]", "unix", ""]);
  });
});
