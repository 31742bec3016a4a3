import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, lchown, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { reasonOf } from "./outcome.ts";
import { signalProcess } from "./signal-process.ts";

const ownPid = 4_000_000;

describe("signalProcess", () => {
  let ground: TemporaryDirectory;
  let pidFile: string;
  let sent: string[];

  beforeEach(async () => {
    ground = await temporaryDirectory();
    pidFile = ground.join("pid");
    sent = [];
  });
  afterEach(() => ground.remove());

  const send = (pid: number, signal: string) => void sent.push(`${signal} ${pid}`);
  const signalWith = async (content: string) => {
    await writeFile(pidFile, content);
    return signalProcess({ pidFile, signal: "HUP", ownPid, send });
  };

  it("signals the process of the first line, as nginx, HAProxy and PostgreSQL write it", async () => {
    for (const content of [
      "4711",
      "4711\n",
      " 4711 \n",
      "4711\r\n",
      "4711\n/var/lib/data\n1700000000\n5432\n",
    ]) {
      const outcome = await signalWith(content);
      assert.equal(outcome.result, "ok", content);
    }
    assert.deepEqual(new Set(sent), new Set(["SIGHUP 4711"]));
  });

  it("signals nothing if the file does not name a process above 1, which could be a group or init", async () => {
    const contents = ["", "\n", "0", "1", "-1", "-4711", "+4711", "4711x", "0x10", "1e3", "12.5", "99999999"];
    for (const content of [...contents, "4194305", "\n4711", "4711 4712", "NaN"]) {
      const outcome = await signalWith(content);
      assert.equal(outcome.result, "failed", content);
      assert.match(reasonOf(outcome), /its first line is not a process ID above 1/);
    }
    assert.deepEqual(sent, []);
  });

  it("does not signal the agent itself, whose ID may have been that of a program that ended", async () => {
    const outcome = await signalWith(String(ownPid));
    assert.match(reasonOf(outcome), /it names the agent itself/);
    assert.deepEqual(sent, []);
  });

  it("fails, so that it is retried, if the file is missing, too large, a directory or a pipe", async () => {
    const attempt = (path: string) => signalProcess({ pidFile: path, signal: "HUP", ownPid, send });
    assert.match(
      reasonOf(await attempt(ground.join("missing"))),
      /cannot send HUP to .*missing: the file does not exist; the program is not running, or/,
    );
    await writeFile(pidFile, `4711\n${"x".repeat(5_000)}`);
    assert.match(reasonOf(await attempt(pidFile)), /larger than 4096 bytes/);
    await mkdir(ground.join("directory"));
    assert.equal((await attempt(ground.join("directory"))).result, "failed");
    execFileSync("mkfifo", [ground.join("pipe")]);
    assert.match(reasonOf(await attempt(ground.join("pipe"))), /not a regular file/);
    assert.deepEqual(sent, []);
  });

  it("as root, signals no process that another user named in their file and that is not theirs", async function () {
    if (process.getuid?.() !== 0) return this.skip();
    const mine = String(process.pid);
    assert.equal((await signalWith(mine)).result, "ok");
    await chown(pidFile, 65_534, 65_534);
    const attempt = (ownUid: number) => signalProcess({ pidFile, signal: "HUP", ownPid, ownUid, send });
    assert.match(
      reasonOf(await attempt(0)),
      new RegExp(`belongs to user 65534, and process ${mine} does not`),
    );
    assert.deepEqual(sent, [`SIGHUP ${mine}`]);
    assert.equal((await attempt(1_000)).result, "ok", "the kernel decides for other users");
    const theirs = spawn("sleep", ["60"], { uid: 65_534, gid: 65_534, stdio: "ignore" });
    await once(theirs, "spawn");
    await writeFile(pidFile, `${theirs.pid}\n`);
    assert.equal((await attempt(0)).result, "ok");
    theirs.kill();
  });

  it("as root, follows no link of another user to the pid file of a process that is not theirs", async function () {
    if (process.getuid?.() !== 0) this.skip();
    const real = ground.join("real");
    await writeFile(real, `${process.pid}\n`);
    await symlink(real, ground.join("second"));
    const attempt = () => signalProcess({ pidFile, signal: "TERM", ownPid, ownUid: 0, send });
    for (const target of [real, "second"]) {
      await symlink(target, pidFile);
      assert.equal((await attempt()).result, "ok", "a link of root");
      await lchown(pidFile, 65_534, 65_534);
      assert.match(
        reasonOf(await attempt()),
        new RegExp(`the link .*pid belongs to user 65534, and process ${process.pid} does not`),
      );
      await rm(pidFile);
    }
    await lchown(ground.join("second"), 65_534, 65_534);
    await symlink("second", pidFile);
    assert.match(reasonOf(await attempt()), /the link .*second belongs to user 65534/);
    assert.equal(sent.length, 2);
  });

  it("names a process that has ended and one that it may not signal", async () => {
    await writeFile(pidFile, "4711\n");
    const refusing = (code: string) => () => {
      throw Object.assign(new Error(`kill ${code}`), { code });
    };
    const attempt = (code: string) =>
      signalProcess({ pidFile, signal: "USR1", ownPid, send: refusing(code) });
    assert.match(reasonOf(await attempt("ESRCH")), /no such process; the file is left over/);
    assert.match(
      reasonOf(await attempt("EPERM")),
      /not permitted; run the agent as the user of that program/,
    );
  });

  it("delivers the signal to a real process, and fails once that process has ended", async () => {
    const child: ChildProcess = spawn("sleep", ["60"]);
    await once(child, "spawn");
    await writeFile(pidFile, `${child.pid}\n`);
    const exited = once(child, "exit");
    assert.equal((await signalProcess({ pidFile, signal: "USR1", ownPid })).result, "ok");
    assert.deepEqual(await exited, [null, "SIGUSR1"]);
    assert.match(reasonOf(await signalProcess({ pidFile, signal: "USR1", ownPid })), /no such process/);
  });
});
