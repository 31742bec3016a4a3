import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { type Reaper, startReaper } from "./reaper.ts";
import { Service } from "./service.ts";

describe("Service", () => {
  let directory: string;
  let reaper: Reaper;
  const service = (program: string, isReady = async () => true) =>
    new Service(
      {
        name: "thing",
        file: process.execPath,
        args: ["-e", program],
        env: {},
        logFile: join(directory, "thing.log"),
      },
      isReady,
      { clock: systemClock, reaper },
    );

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "kasbah-service-"));
    reaper = await startReaper(process.execPath);
  });
  afterEach(async () => {
    await reaper.close();
    await rm(directory, { recursive: true });
  });

  it("fails with the end of the log if the program ends before it is ready", async () => {
    const thing = service("console.error('no port'); process.exit(3)", async () => false);
    await thing.start();
    await assert.rejects(thing.ready(), (error: Error & { code?: string }) => {
      assert.equal(error.code, "PROCESS_FAILED");
      assert.match(error.message, /exit code 3[\s\S]*no port/);
      return true;
    });
  });

  it("fails to start if the program is missing", async () => {
    const thing = service("");
    const missing = new Service({ ...thing.spec, file: join(directory, "none") }, async () => true, {
      clock: systemClock,
      reaper,
    });
    await assert.rejects(missing.start(), { code: "PROCESS_FAILED" });
  });

  it("stops, starts again with another pid, and keeps one log", async () => {
    const thing = service("console.log('hello'); setInterval(() => {}, 1000)");
    const log = () => readFile(join(directory, "thing.log"), "utf8");
    const saidHello = async (times: number) => (await log()).split("hello").length > times;
    const first = new Service(thing.spec, () => saidHello(1), { clock: systemClock, reaper });
    await first.start();
    await first.ready();
    const { pid } = first;
    await assert.rejects(first.start(), { code: "PROCESS_FAILED" });
    await first.kill();
    assert.equal(first.pid, undefined);
    const again = new Service(thing.spec, () => saidHello(2), { clock: systemClock, reaper });
    await again.start();
    await again.ready();
    assert.notEqual(again.pid, pid);
    await again.stop();
    assert.equal(again.pid, undefined);
  });
});
