import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { eventually } from "@kasbah/testkit";
import { startReaper } from "./reaper.ts";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A parent that starts a reaper and a child that ignores SIGTERM, prints their pids, and then sleeps. */
const parentProgram = `
  import { spawn } from "node:child_process";
  import { startReaper } from ${JSON.stringify(new URL("./reaper.ts", import.meta.url).href)};
  const [folder] = process.argv.slice(2);
  const reaper = await startReaper(process.execPath);
  reaper.removeAtEnd(folder);
  const stubborn = "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)";
  const child = spawn(process.execPath, ["-e", stubborn], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  reaper.watch(child.pid);
  child.stdout.once("data", () => process.stdout.write(JSON.stringify([reaper.pid, child.pid]) + "\\n"));
`;

describe("The reaper", () => {
  let directory: string;
  let folder: string;
  let parent: ChildProcess | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "kasbah-reaper-"));
    folder = await mkdtemp(join(directory, "state-"));
    await writeFile(join(folder, "key.pem"), "secret");
  });
  afterEach(async () => {
    parent?.kill("SIGKILL");
    await rm(directory, { recursive: true });
  });

  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    it(`ends the children and removes the folder when its parent dies by ${signal}`, async () => {
      const program = join(directory, "parent.ts");
      await writeFile(program, parentProgram);
      const args = ["--conditions=kasbah-source", program, folder];
      const running = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      parent = running;
      const [line] = await once(createInterface({ input: running.stdout }), "line");
      const [reaperPid, childPid] = JSON.parse(String(line)) as [number, number];
      assert.ok(isAlive(childPid));
      running.kill(signal);
      // A killed child counts as alive until the init process has reaped it.
      await eventually(() => !isAlive(reaperPid) && !isAlive(childPid));
      assert.equal(existsSync(folder), false);
    });
  }

  it("keeps a folder after keep(), and does not touch a process after forget()", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true });
    const pid = other.pid ?? 0;
    const reaper = await startReaper(process.execPath);
    reaper.watch(pid);
    reaper.forget(pid);
    reaper.removeAtEnd(folder);
    reaper.keep(folder);
    await reaper.close();
    assert.ok(isAlive(pid));
    assert.ok(existsSync(folder));
    other.kill("SIGKILL");
  });

  it("removes the folder even if the reaper was killed", async () => {
    const reaper = await startReaper(process.execPath);
    reaper.removeAtEnd(folder);
    process.kill(reaper.pid, "SIGKILL");
    await reaper.close();
    assert.equal(existsSync(folder), false);
  });
});
