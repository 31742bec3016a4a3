import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import {
  FakeClock,
  type ManualSweep,
  manualSweep,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import type { RefusedEntry } from "../entry/entry.ts";
import type { UnauthenticatedLine } from "./dropped-refusals.ts";
import { RefusalLog } from "./refusal-log.ts";
import { RefusalTail } from "./refusal-tail.ts";

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
  let clock: FakeClock;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    [second, dropped, clock] = [manualSweep(), [], new FakeClock()];
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
      clock,
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
    assert.equal(lines.length, 4);
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

  const read = async (tail: RefusalTail) => {
    const lines: UnauthenticatedLine[] = [];
    for await (const line of tail.more()) lines.push(line);
    return lines;
  };

  it("gives all addresses of an IPv6 /64 one share", async () => {
    record = newRecord(directory.path, 2);
    await record.start();
    for (let host = 1; host < 9; host += 1) record.add(refusal(`2001:db8::${host}:443`));
    record.add(refusal("2001:db8:0:1::1:443"));
    assert.equal(dropped.length, 6);
  });

  it("writes the counts of dropped refusals with their codes and networks, every ten seconds and when it stops", async () => {
    record = newRecord(directory.path, 0);
    await record.start();
    for (let host = 0; host < 100; host += 1) record.add(refusal(`10.1.2.${host % 9}:1`));
    record.count("OVERLOADED");
    second.tick();
    await record.settled();
    assert.deepEqual(await read(new RefusalTail(directory.path)), []);
    await clock.advance(10_000);
    second.tick();
    await record.settled();
    const tail = new RefusalTail(directory.path);
    const [counts] = await read(tail);
    assert.deepEqual(counts, {
      ...{ kind: "dropped", since: "2030-01-01T00:00:00.000Z", time: "2030-01-01T00:00:10.000Z", count: 101 },
      codes: { TOKEN_MISSING: 100, OVERLOADED: 1 },
      from: [
        { network: "10.1.2.0/24", count: 100 },
        { network: "", count: 1 },
      ],
    });
    record.add(refusal("10.1.2.3:1"));
    await record.stop();
    assert.deepEqual(
      (await read(tail)).map((line) => "count" in line && line.count),
      [1],
    );
  });

  it("is read line by line while it grows, across the start of a new file, without a gap", async () => {
    const tail = new RefusalTail(directory.path);
    const seen: string[] = [];
    const long = "x".repeat(30_000);
    for (let round = 0; round < 20; round += 1) {
      for (let peer = 0; peer < 30; peer += 1)
        record.add(refusal(`10.0.0.${peer}:1`, `${round}.${peer} ${long}`));
      second.tick();
      await record.settled();
      for (const line of await read(tail)) if ("problem" in line) seen.push(line.problem.split(" ")[0] ?? "");
    }
    const all = Array.from({ length: 20 * 30 }, (_, index) => `${Math.floor(index / 30)}.${index % 30}`);
    assert.deepEqual(seen, all);
    assert.ok((await read(new RefusalTail(directory.path))).length > 300, "a later reader finds both files");
  });
});
