import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import {
  eventually,
  FakeClock,
  type RecordingLogger,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { systemClock } from "../clock.ts";
import { ContentWatch, type ContentWatchDeps, type WatchDirectory } from "./content-watch.ts";

describe("ContentWatch", () => {
  let directory: TemporaryDirectory;
  let logger: RecordingLogger;
  let seen: string[];
  let watch: ContentWatch;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    logger = recordingLogger();
    seen = [];
  });
  afterEach(async () => {
    await watch.stop();
    await directory.remove();
  });

  const start = async (path: string, changes: Partial<ContentWatchDeps> = {}) => {
    watch = new ContentWatch({
      name: "test",
      directories: [directory.path],
      read: () => readFile(path, "utf8"),
      onChange: async (content) => void seen.push(content),
      pollMs: 100,
      settleMs: 10,
      clock: systemClock,
      logger,
      ...changes,
    });
    await watch.start();
  };
  const until = (isDone: () => boolean) => eventually(isDone);
  /** Replaces inotify with hints that the test sends. */
  const handmadeHints = () => {
    let give = () => {};
    const watchDirectory: WatchDirectory = (_, hint) => {
      give = hint;
      return { close() {} };
    };
    return { watchDirectory, hint: () => give() };
  };

  it("retries content that failed to load, and reports the failure once", async () => {
    const path = directory.join("file");
    await writeFile(path, "one");
    let attempts = 0;
    const onChange = async () => {
      attempts += 1;
      throw new Error("not now");
    };
    await start(path, { onChange });
    await writeFile(path, "two");
    await until(() => attempts >= 3);
    assert.equal(logger.events.filter(({ level }) => level === "warn").length, 1);
  });

  it("loads the previous content again if it returns after content that failed to load", async () => {
    const path = directory.join("file");
    await writeFile(path, "good");
    let refused = 0;
    const onChange = async (content: string) => {
      if (content !== "bad") return void seen.push(content);
      refused += 1;
      throw new Error("not this");
    };
    await start(path, { onChange });
    await writeFile(path, "bad");
    await until(() => refused > 0);
    await writeFile(path, "good");
    await until(() => seen.at(-1) === "good");
  });

  it("loads content again if it was replaced and restored while it was loaded", async () => {
    const { watchDirectory, hint } = handmadeHints();
    let content = "old";
    let isDisturbed = false;
    const onChange = async () => {
      // Another program writes while this one reads, and takes it back before the next look.
      if (!isDisturbed) content = "mistake";
      if (!isDisturbed) hint();
      seen.push(content);
      isDisturbed = true;
      content = "new";
    };
    await start("", { read: async () => content, onChange, watchDirectory, pollMs: 3_600_000 });
    content = "new";
    hint();
    await until(() => seen.length === 2);
    assert.deepEqual(seen, ["mistake", "new"]);
  });

  it("loads content twice at most if the directory never rests", async () => {
    const { watchDirectory, hint } = handmadeHints();
    let [content, reads] = ["old", 0];
    const read = async () => {
      reads += 1;
      hint();
      return content;
    };
    const onChange = async () => {
      hint();
      seen.push(content);
    };
    await start("", { read, onChange, watchDirectory, settleMs: 1 });
    content = "new";
    hint();
    await until(() => seen.length === 2);
    const before = reads;
    await until(() => reads > before + 20);
    assert.equal(seen.length, 2);
  });

  it("waits until a set of files that are written one by one stops changing", async () => {
    const clock = new FakeClock();
    const { watchDirectory, hint } = handmadeHints();
    const set = ["-", "-", "-", "-"];
    await start("", { read: async () => set.join(" "), watchDirectory, clock, settleMs: 60 });
    for (const [index] of set.entries()) {
      set[index] = "new";
      hint();
      await clock.runFor(15);
    }
    await clock.runFor(1_000);
    assert.deepEqual(seen, ["new new new new"]);
  });

  it("notices an edit in place and a rename over the file within moments through inotify", async () => {
    const path = directory.join("file");
    await writeFile(path, "one");
    await start(path, { pollMs: 3_600_000 });
    await writeFile(path, "two");
    await until(() => seen.at(-1) === "two");
    await writeFile(directory.join("next"), "three");
    await rename(directory.join("next"), path);
    await until(() => seen.at(-1) === "three");
  });

  it("looks once more after a notice, since content can follow the notice of its directory", async () => {
    const clock = new FakeClock();
    let content = "missing";
    const { watchDirectory, hint } = handmadeHints();
    await start("", { read: async () => content, watchDirectory, clock, pollMs: 5_000, settleMs: 100 });
    await clock.runFor(1_000);
    hint();
    await clock.runFor(50);
    content = "complete";
    await clock.runFor(400);
    assert.deepEqual(seen, ["complete"]);
  });

  it("notices a directory that appears later, and one that is replaced", async () => {
    const home = directory.join("home");
    await start(`${home}/file`, { directories: [home] });
    assert.deepEqual(seen, []);
    await mkdir(home);
    await writeFile(`${home}/file`, "one");
    await until(() => seen.at(-1) === "one");
    await rename(home, directory.join("old"));
    await mkdir(home);
    await writeFile(`${home}/file`, "two");
    await until(() => seen.at(-1) === "two");
    await rm(directory.join("old"), { recursive: true });
  });

  it("loads the last state after two hundred swaps of the kubelet's link", async () => {
    const swap = async (version: number) => {
      await mkdir(directory.join(`..v${version}`));
      await writeFile(directory.join(`..v${version}`, "file"), String(version));
      await symlink(`..v${version}`, directory.join("..next"));
      await rename(directory.join("..next"), directory.join("..data"));
      await rm(directory.join(`..v${version - 1}`), { recursive: true, force: true });
    };
    await swap(0);
    await symlink("..data/file", directory.join("file"));
    const read = async () => {
      const content = await readFile(directory.join("file"), "utf8");
      return createHash("sha256").update(content).digest("hex");
    };
    await start("", { read });
    for (let version = 1; version <= 200; version++) await swap(version);
    await until(() => seen.at(-1) === createHash("sha256").update("200").digest("hex"));
  });

  it("reads at most ten times a second while a program writes into the directory continuously", async () => {
    const clock = new FakeClock();
    const { watchDirectory, hint } = handmadeHints();
    let [reads, content] = [0, "one"];
    const read = async () => {
      reads += 1;
      return content;
    };
    await start("", { read, watchDirectory, clock, pollMs: 60_000, settleMs: 100 });
    for (let hints = 0; hints < 300; hints += 1) {
      hint();
      await clock.runFor(2);
    }
    assert.ok(reads >= 5 && reads <= 8, `${reads} reads in 600 ms`);
    content = "two";
    hint();
    await clock.runFor(1_000);
    assert.deepEqual(seen, ["two"]);
  });

  it("polls if the machine has no inotify watches left", async () => {
    const path = directory.join("file");
    await writeFile(path, "one");
    let refusals = 0;
    const watchDirectory = () => {
      refusals += 1;
      throw new Error("ENOSPC");
    };
    await start(path, { watchDirectory });
    await writeFile(path, "two");
    await until(() => seen.at(-1) === "two");
    assert.ok(refusals > 0);
  });

  it("starts with the given content as known, and treats any other as new", async () => {
    const path = directory.join("file");
    await writeFile(path, "one");
    await start(path, { initial: "other" });
    await until(() => seen.at(-1) === "one");
  });
});
