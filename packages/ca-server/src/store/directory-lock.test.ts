import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { FakeClock, rejectsWithCode, temporaryDirectory } from "@kasbah/testkit";
import { DirectoryLock } from "./directory-lock.ts";

const clock = new FakeClock(new Date("2026-01-01T00:00:00Z"));
const us = { pid: 4711, hostname: "ca-0", clock };
const module = fileURLToPath(new URL("./directory-lock.ts", import.meta.url));

describe("The lock of a directory", () => {
  for (const note of ["", "{", "[]", "null", '{"pid":"1","hostname":2}', undefined]) {
    it(`refuses without naming the holder when its note is ${note}`, async () => {
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

  it("lets no control character of the note into its refusal", async () => {
    await using directory = await temporaryDirectory();
    const [first, second] = [new DirectoryLock(directory.path, us), new DirectoryLock(directory.path, us)];
    await first.start();
    const note = { pid: 1, hostname: "\u001b[2Jca\n", since: "now" };
    await writeFile(directory.join("lock-holder.json"), JSON.stringify(note));
    const { message } = await rejectsWithCode(second.start(), "STATE_LOCKED");
    assert.ok(!message.includes("\n") && !message.includes("\u001b"), message);
    await first.stop();
  });

  it("can not be taken where there is no directory, and says why", async () => {
    await using directory = await temporaryDirectory();
    await rejectsWithCode(new DirectoryLock(directory.join("none"), us).start(), "STATE_NOT_DURABLE");
  });

  it("refuses a second holder and is free after the first lets go", async () => {
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

  it("holds against another process, and a killed one leaves it free", async () => {
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
});
