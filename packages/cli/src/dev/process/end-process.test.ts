import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { systemClock } from "@kasbah/runtime";
import { endProcess } from "./end-process.ts";
import { processMark } from "./process-mark.ts";

const deps = { clock: systemClock, platform: process.platform, env: process.env };

describe("endProcess", () => {
  const sleeper = async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    await once(child, "spawn");
    return { child, pid: child.pid ?? 0 };
  };

  it("ends the recorded process, and reports that there was none the second time", async () => {
    const { pid } = await sleeper();
    const record = { pid, mark: String(await processMark(pid, deps)) };
    const signals: string[] = [];
    const kill = (target: number, signal: NodeJS.Signals) => {
      signals.push(signal);
      process.kill(target, signal);
    };
    assert.equal(await endProcess(record, { ...deps, kill }), true);
    assert.equal(await endProcess(record, { ...deps, kill }), false);
    assert.deepEqual(signals, ["SIGTERM"]);
  });

  it("never signals a process that has the recorded pid but started at another time", async () => {
    const { child, pid } = await sleeper();
    const kill = () => assert.fail("a foreign process was signalled");
    assert.equal(await endProcess({ pid, mark: "another boot 1" }, { ...deps, kill }), false);
    assert.equal(child.exitCode, null);
    child.kill("SIGKILL");
  });

  it("reports no mark for a pid that no process has", async () => {
    assert.equal(await processMark(2 ** 22 + 1, deps), undefined);
  });
});
