import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { FakeClock, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { openOnDisk } from "../../authorities/authorities-on-disk.fixture.ts";
import { DirectoryLock } from "../../store/directory-lock.ts";
import { findStartObstacles } from "./find-obstacles.ts";

describe("findStartObstacles", () => {
  let directory: TemporaryDirectory;
  const clock = new FakeClock("2030-01-01T00:00:00Z");

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const find = (mayBeElsewhere = false) => findStartObstacles(directory.path, { mayBeElsewhere, clock });
  const codes = async (...options: Parameters<typeof find>) =>
    (await find(...options)).map(({ code }) => code);
  const create = () => openOnDisk({ path: directory.path, clock: clock });

  async function contents(): Promise<readonly string[]> {
    const all = await readdir(directory.path, { recursive: true, withFileTypes: true });
    const files = all.filter((one) => one.isFile()).map((one) => `${one.parentPath}/${one.name}`);
    return Promise.all(files.sort().map(async (path) => `${path} ${await readFile(path, "base64")}`));
  }

  it("finds none in a directory that has never held a CA, or that is missing", async () => {
    assert.deepEqual(await codes(), []);
    await rm(directory.path, { recursive: true });
    assert.deepEqual(await codes(), []);
    await mkdir(directory.path);
  });

  it("finds none for a CA that can start, and changes nothing", async () => {
    await create();
    const before = await contents();
    assert.deepEqual(await codes(), []);
    assert.deepEqual(await contents(), before);
  });

  it("names the process that uses the directory, and does not take its lock", async () => {
    await create();
    const holder = { pid: 42, hostname: "ca-1", clock: clock };
    const lock = new DirectoryLock(directory.join("control"), holder);
    await lock.start();
    const [found, ...more] = await find();
    assert.deepEqual([found?.code, more], ["STATE_LOCKED", []]);
    assert.match(found?.what ?? "", /^a process \(pid 42 on host ca-1, since .*\) uses the state directory/);
    await lock.stop();
    assert.deepEqual(await codes(), []);
    await lock.start();
    await lock.stop();
  });

  it("tells a lost control state from one that is in a Secret, unless keys are left", async () => {
    await create();
    for (const slot of [0, 1]) await rm(directory.join("control", `state-${slot}.json`), { force: true });
    assert.deepEqual(await codes(), ["STATE_MISSING"]);
    assert.deepEqual(await codes(true), ["STATE_MISSING"]);
    await rm(directory.join("authorities"), { recursive: true });
    await mkdir(directory.join("public"), { recursive: true });
    await writeFile(directory.join("public", "root-cert.pem"), "a root");
    assert.deepEqual(await codes(), ["STATE_MISSING"]);
    assert.deepEqual(await codes(true), []);
  });

  it("names a damaged control state and every key that is missing", async () => {
    await create();
    await rm(directory.join("authorities", "root-1", "ca-key.pem"));
    await rm(directory.join("authorities", "intermediate-1", "ca-key.pem"));
    assert.deepEqual(
      (await find()).map(({ code, authority }) => [code, authority]),
      [
        ["AUTHORITY_INCOMPLETE", "root-1"],
        ["AUTHORITY_INCOMPLETE", "intermediate-1"],
      ],
    );
    for (const slot of [0, 1]) await writeFile(directory.join("control", `state-${slot}.json`), "{");
    assert.deepEqual(await codes(), ["STATE_DAMAGED"]);
  });

  it("names a clock with which the CA would not know the time, as long as the machine has booted since", async () => {
    await create();
    const trustedMs = clock.now().getTime() + 3 * 86_400_000;
    const time = { offsetMs: trustedMs, anchoredAtBootMs: 0, former: [] };
    const record = { format: 1, trustedMs, bootMs: 0, bootId: "another boot", time };
    await writeFile(directory.join("control", "clock.json"), JSON.stringify(record));
    const [found] = await find();
    assert.equal(found?.code, "CLOCK_SUSPECT");
    assert.match(found.what, /the clock is 3 days behind the last trusted time/);
  });
});
