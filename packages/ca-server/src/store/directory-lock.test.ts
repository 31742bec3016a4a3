import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { FakeClock, rejectsWithCode, temporaryDirectory } from "@kasbah/testkit";
import { DirectoryLock } from "./directory-lock.ts";

const clock = new FakeClock(new Date("2026-01-01T00:00:00Z"));
const us = { pid: 4711, hostname: "ca-0", clock };
const module = fileURLToPath(new URL("./directory-lock.ts", import.meta.url));

describe("DirectoryLock", () => {
  for (const note of ["", "{", "[]", "null", '{"pid":"1","hostname":2}', undefined]) {
    it(`refuses the lock without naming the holder if its note is ${note}`, async () => {
      await using directory = await temporaryDirectory();
      const [first, second] = [new DirectoryLock(directory.path, us), new DirectoryLock(directory.path, us)];
      await first.start();
      const path = directory.join("lock-holder.json");
      await (note === undefined ? rm(path) : writeFile(path, note));
      const { message } = await rejectsWithCode(second.start(), "STATE_LOCKED");
      assert.match(message, /^another process uses /);
      await first.stop();
    });
  }

  it("removes control characters of the note from its error", async () => {
    await using directory = await temporaryDirectory();
    const [first, second] = [new DirectoryLock(directory.path, us), new DirectoryLock(directory.path, us)];
    await first.start();
    const note = { pid: 1, hostname: "\u001b[2Jca\n", since: "now" };
    await writeFile(directory.join("lock-holder.json"), JSON.stringify(note));
    const { message } = await rejectsWithCode(second.start(), "STATE_LOCKED");
    assert.ok(!message.includes("\n") && !message.includes("\u001b"), message);
    await first.stop();
  });

  it("fails with the reason if the directory is missing", async () => {
    await using directory = await temporaryDirectory();
    await rejectsWithCode(new DirectoryLock(directory.join("none"), us).start(), "STATE_NOT_DURABLE");
  });

  it("refuses a second holder, and is free after the first releases it", async () => {
    await using directory = await temporaryDirectory();
    const [first, second] = [new DirectoryLock(directory.path, us), new DirectoryLock(directory.path, us)];
    await first.start();
    const error = await rejectsWithCode(second.start(), "STATE_LOCKED");
    assert.match(error.message, /process \(pid 4711 on host ca-0, since 2026-01-01T00:00:00.000Z\) uses/);
    assert.match(error.message, /stop it, or choose another/);
    await first.stop();
    await second.start();
    await second.stop();
  });

  it("locks out other processes, and is free after its holder is killed", async () => {
    await using directory = await temporaryDirectory();
    const script = `
      import { DirectoryLock } from ${JSON.stringify(module)};
      const lock = new DirectoryLock(${JSON.stringify(directory.path)}, { pid: process.pid, hostname: "ca-1", clock: { now: () => new Date() } });
      await lock.start();
      process.stdout.write("held");
      setInterval(() => lock.name, 1000);`;
    const flags = ["--conditions=kasbah-source", "--input-type=module", "--eval", script];
    const holder = spawn(process.execPath, flags, {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: fileURLToPath(new URL(".", import.meta.url)),
    });
    await once(holder.stdout, "data");
    const lock = new DirectoryLock(directory.path, us);
    const error = await rejectsWithCode(lock.start(), "STATE_LOCKED");
    assert.match(error.message, new RegExp(`pid ${holder.pid} on host ca-1`));
    holder.kill("SIGKILL");
    await once(holder, "exit");
    await lock.start();
    await lock.stop();
  });

  it("gives the lock to exactly one of two processes that start at the same time, in each of twenty rounds", async () => {
    await using directory = await temporaryDirectory();
    const script = `
      import { createInterface } from "node:readline";
      import { DirectoryLock } from ${JSON.stringify(module)};
      const holder = { pid: process.pid, hostname: "ca-1", clock: { now: () => new Date() } };
      let lock;
      console.log("ready");
      for await (const line of createInterface(process.stdin)) {
        if (line === "stop") await lock.stop();
        else {
          lock = new DirectoryLock(${JSON.stringify(directory.path)}, holder);
          while (performance.timeOrigin + performance.now() < Number(line));
          await lock.start().then(() => console.log("held"), ({ code }) => console.log(code));
        }
      }`;
    const flags = ["--conditions=kasbah-source", "--input-type=module", "--eval", script];
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    const rivals = [0, 1].map(() => {
      const child = spawn(process.execPath, flags, { stdio: ["pipe", "pipe", "inherit"], cwd });
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      return { child, answer: async () => String((await lines.next()).value) };
    });
    const answers = () => Promise.all(rivals.map(({ answer }) => answer()));
    const tell = (line: string) => rivals.map(({ child }) => child.stdin.write(`${line}\n`));
    try {
      assert.deepEqual(await answers(), ["ready", "ready"]);
      for (let round = 0; round < 20; round++) {
        tell(String(performance.timeOrigin + performance.now() + 5));
        assert.deepEqual((await answers()).sort(), ["STATE_LOCKED", "held"], `round ${round}`);
        tell("stop");
      }
    } finally {
      for (const { child } of rivals) child.kill();
    }
  });
});
