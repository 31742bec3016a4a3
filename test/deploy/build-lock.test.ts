import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { withBuildLock } from "../../deploy/image/build-lock.ts";

describe("withBuildLock", () => {
  let directory: TemporaryDirectory;
  let lock: string;
  let said: string[];
  const say = (line: string) => said.push(line);

  beforeEach(async () => {
    directory = await temporaryDirectory();
    lock = directory.join("lock");
    said = [];
  });

  afterEach(() => directory.remove());

  it("releases the lock when the build fails", async () => {
    const failing = withBuildLock(lock, say, () => Promise.reject(new Error("does not compile")));
    await assert.rejects(failing, /does not compile/);
    assert.equal(existsSync(lock), false);
  });

  it("runs one build after another, and reports once that it waits", async () => {
    const events: string[] = [];
    const first = withBuildLock(lock, say, async () => {
      events.push("first begins");
      await eventually(() => said.length > 0);
      events.push("first ends");
    });
    await eventually(() => existsSync(lock));
    const second = withBuildLock(lock, say, async () => {
      events.push("second begins");
    });
    await Promise.all([first, second]);
    assert.deepEqual(events, ["first begins", "first ends", "second begins"]);
    assert.deepEqual(said, ["another build is running; waiting for it"]);
  });

  it("takes over the lock of a process that was killed", async () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    await writeFile(lock, String(pid));
    let isDone = false;
    await withBuildLock(lock, say, async () => {
      isDone = true;
    });
    assert.equal(isDone, true);
  });
});
