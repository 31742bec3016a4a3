import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import {
  eventually,
  FakeClock,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { actsOf } from "./acts.ts";
import { type OpenedSegment, openSegmentFile } from "./file.ts";
import { SegmentLog } from "./log.ts";

const partBytes = 8192;

describe("SegmentLog on a full disk, with space reserved for acts", () => {
  let directory: TemporaryDirectory;
  let disk: SmallDisk;
  let clock: FakeClock;
  let log: SegmentLog;
  let durable: string[];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    disk = new SmallDisk(directory.join("segment.jsonl"));
    clock = new FakeClock();
    durable = [];
    log = new SegmentLog({
      openSegment: () => disk.open(),
      lastSegment: async () => 0,
      maxSegmentBytes: () => 1_000_000,
      onDurable: (entries) => durable.push(...entries.map(String)),
      reserve: disk.reserve,
      clock,
      logger: recordingLogger(),
    });
    await log.start();
    await log.append(Buffer.from("before"));
    disk.free = 0;
  });

  afterEach(async () => {
    await log.stop();
    await directory.remove();
  });

  const append = (text: string) => log.append(Buffer.from(text));
  const act = (text: string) => log.appendAct(Buffer.from(text));
  const content = () => readFile(disk.path, "utf8");
  const passSeconds = async () => {
    for (let count = 0; count < 5; count += 1) await clock.runFor(1_000);
  };

  it("records acts durably and in order with decisions, while it rejects decisions", async () => {
    await rejectsWithCode(append("decision"), "LEDGER_UNAVAILABLE");
    await act("act 1");
    await passSeconds();
    assert.deepEqual([log.writable, log.actsWritable], [false, true]);
    await rejectsWithCode(append("decision"), "LEDGER_UNAVAILABLE");
    await act("act 2");
    assert.equal(await content(), "before\nact 1\nact 2\n");
    assert.deepEqual(durable, ["before", "act 1", "act 2"]);
    assert.equal(log.size, 3);
  });

  it("records an act that is the first to find the disk full", async () => {
    await act("act");
    assert.equal(log.writable, false);
    assert.equal(await content(), "before\nact\n");
  });

  it("rejects acts once the reserve is used up, and reports that", async () => {
    for (let count = 0; count < disk.parts; count += 1) await act(`act ${count}`);
    assert.equal(log.actsWritable, false);
    assert.equal(actsOf(log).writable, false);
    await rejectsWithCode(act("one more"), "LEDGER_UNAVAILABLE");
    assert.equal(log.size, 1 + disk.parts);
  });

  it("accepts decisions again only when the reserve is whole, and continues after the acts", async () => {
    await act("act");
    disk.free = partBytes / 2;
    await passSeconds();
    await rejectsWithCode(append("decision"), "LEDGER_UNAVAILABLE");
    disk.free = 4 * partBytes;
    await eventually(async () => {
      await clock.runFor(1_000);
      return log.writable;
    });
    assert.equal(disk.left, disk.parts);
    await append("after");
    assert.equal(await content(), "before\nact\nafter\n");
  });

  it("does not use the reserve for other faults of the disk", async () => {
    disk.code = "EIO";
    await rejectsWithCode(act("act"), "LEDGER_UNAVAILABLE");
    assert.equal(disk.left, disk.parts);
    assert.equal(log.actsWritable, false);
  });
});

/** A real file on a disk of which a number of bytes is free, and a reserve that takes space of it. */
class SmallDisk {
  readonly path: string;
  readonly parts = 3;
  left = this.parts;
  free = 1_000_000;
  code = "ENOSPC";

  constructor(path: string) {
    this.path = path;
  }

  get reserve() {
    const disk = this;
    return {
      get isUsable() {
        return disk.left > 0;
      },
      open: async () => undefined,
      makeRoom: async () => {
        if (disk.free === 0) await disk.reserve.release();
      },
      release: async () => {
        if (disk.left === 0) return false;
        disk.left -= 1;
        disk.free += partBytes;
        return true;
      },
      restore: async () => {
        const missing = (disk.parts - disk.left) * partBytes;
        disk.#take(missing);
        disk.left = disk.parts;
      },
    };
  }

  async open(): Promise<OpenedSegment> {
    const { file, ...opened } = await openSegmentFile(this.path);
    let { length } = opened;
    const resize = (end: number) => {
      if (end > length) this.#take(end - length);
      else this.free += length - end;
      length = end;
    };
    return {
      ...opened,
      file: {
        writeDurably: async (bytes, position) => {
          resize(Math.max(length, position + bytes.length));
          await file.writeDurably(bytes, position);
        },
        truncateDurably: async (end) => {
          resize(end);
          await file.truncateDurably(end);
        },
        close: () => file.close(),
      },
    };
  }

  #take(bytes: number): void {
    if (bytes > this.free) throw Object.assign(new Error("the disk refuses"), { code: this.code });
    this.free -= bytes;
  }
}
