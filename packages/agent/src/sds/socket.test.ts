import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { UnixSocket, unaryRoute } from "@kasbah/runtime/rpc";
import {
  eventually,
  FakeClock,
  type RecordingLogger,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { sdsStatus } from "./socket.ts";

const echo = unaryRoute<Uint8Array, Uint8Array>({
  path: "/test.Echo/Say",
  decode: (body) => body,
  encode: (body) => body,
  handle: (call) => Promise.resolve(call.request()),
});

describe("The SDS socket", () => {
  let directory: TemporaryDirectory;
  let path: string;
  let clock: FakeClock;
  let logger: RecordingLogger;
  let sockets: UnixSocket[];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("uds", "socket");
    clock = new FakeClock();
    logger = recordingLogger();
    sockets = [];
  });

  afterEach(async () => {
    for (const each of sockets) await each.stop();
    await directory.remove();
  });

  const create = (at = path, options: { mode?: number } = {}) => {
    const server = new Http2Server({ routes: [echo], toStatus: sdsStatus });
    const fixed = { name: "sds", flag: "--sds-socket", roll: Math.random };
    return new UnixSocket({ ...fixed, path: at, server, clock, logger, ...options });
  };
  const start = async () => {
    const socket = create();
    await socket.start();
    sockets.push(socket);
    return socket;
  };
  const connects = async (to: string) => {
    const client = createConnection(to);
    await once(client, "connect");
    client.destroy();
  };
  /** A socket file without a listener, as left by kill -9. */
  const leaveStaleSocket = (at: string) => {
    const script = `require("net").createServer().listen(${JSON.stringify(at)}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", script]);
  };

  it("rejects a socket path that the kernel would truncate", async () => {
    await rejectsWithCode(create(directory.join("x".repeat(100))).start(), "SOCKET_PATH_INVALID");
  });

  it("never removes a file that is not a socket", async () => {
    await mkdir(directory.join("uds"));
    await writeFile(path, "precious");
    await rejectsWithCode(create().start(), "SOCKET_PATH_INVALID");
    assert.equal(await readFile(path, "utf8"), "precious");
    await rm(path);
    await symlink("/etc/passwd", path);
    await rejectsWithCode(create().start(), "SOCKET_PATH_INVALID");
    assert.ok((await lstat(path)).isSymbolicLink());
  });

  it("rejects a socket on which another process listens, and keeps it", async () => {
    await mkdir(directory.join("uds"));
    const other = createServer().listen(path);
    await once(other, "listening");
    await rejectsWithCode(create().start(), "SOCKET_IN_USE");
    await connects(path);
    other.close();
  });

  it("starts beside other agents that start in the same directory at the same moment", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `agent-${index}.sock`);
    sockets = names.map((name) => create(directory.join("uds", name)));
    await Promise.all(sockets.map((socket) => socket.start()));
    for (const name of names) await connects(directory.join("uds", name));
    assert.deepEqual((await readdir(directory.join("uds"))).sort(), [...names].sort());
  });

  it("binds a path of 107 bytes, the longest that the kernel takes", async () => {
    const base = directory.join("uds");
    for (const name of ["sock", "x".repeat(20)]) {
      const long = `${base}/${"d".repeat(107 - base.length - name.length - 2)}/${name}`;
      assert.equal(long.length, 107);
      const socket = create(long);
      await socket.start();
      sockets.push(socket);
      await connects(long);
    }
  });

  it("takes over the socket of a killed process", async () => {
    await mkdir(directory.join("uds"));
    leaveStaleSocket(path);
    leaveStaleSocket(`${path}~`);
    assert.deepEqual(await readdir(directory.join("uds")), ["socket", "socket~"]);
    await start();
    await connects(path);
  });

  it("creates the socket with mode 0600 in a directory of mode 0700, with no other files", async () => {
    await start();
    assert.equal((await lstat(directory.join("uds"))).mode & 0o777, 0o700);
    assert.equal((await lstat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(directory.join("uds")), ["socket"]);
  });

  it("creates and recreates the socket with the configured mode, and keeps the directory's mode", async () => {
    await mkdir(directory.join("uds"), { mode: 0o750 });
    const socket = create(path, { mode: 0o660 });
    await socket.start();
    sockets.push(socket);
    assert.equal((await lstat(path)).mode & 0o777, 0o660);
    await rm(path);
    await clock.runFor(6_000);
    await eventually(() =>
      lstat(path).then(
        ({ mode }) => (mode & 0o777) === 0o660,
        () => false,
      ),
    );
    assert.equal((await lstat(directory.join("uds"))).mode & 0o777, 0o750);
  });

  it("creates every missing parent directory without access for other users", async () => {
    const deep = directory.join("a", "b", "socket");
    const socket = create(deep);
    await socket.start();
    sockets.push(socket);
    await connects(deep);
    assert.equal((await lstat(directory.join("a"))).mode & 0o777, 0o700);
    assert.equal((await lstat(directory.join("a", "b"))).mode & 0o777, 0o700);
  });

  it("removes the socket on a clean stop", async () => {
    const socket = await start();
    sockets = [];
    await socket.stop();
    assert.deepEqual(await readdir(directory.join("uds")), []);
  });

  it("recreates the socket within seconds if it is deleted", async () => {
    await start();
    await rm(path);
    await clock.runFor(6_000);
    await eventually(async () => (await lstat(path).catch(() => undefined)) !== undefined);
    await connects(path);
    await eventually(() => logger.events.length === 1);
  });

  it("recreates the socket after its directory was replaced by a file, and can stop in the meantime", async () => {
    await start();
    await rm(directory.join("uds"), { recursive: true });
    await writeFile(directory.join("uds"), "in the way");
    await clock.runFor(6_000);
    await eventually(() => logger.events.length === 1);
    await rm(directory.join("uds"));
    await clock.runFor(6_000);
    await eventually(async () => (await lstat(path).catch(() => undefined)) !== undefined);
    await connects(path);
    await rm(directory.join("uds"), { recursive: true });
    await writeFile(directory.join("uds"), "in the way");
    await sockets.pop()?.stop();
    assert.equal(await readFile(directory.join("uds"), "utf8"), "in the way");
  });

  it("does not touch a foreign file at its path, even on stop, and logs that once", async () => {
    const socket = await start();
    await rm(path);
    await writeFile(path, "precious");
    for (let round = 0; round < 3; round += 1) {
      await clock.runFor(6_000);
      await eventually(() => logger.events.length > 0);
    }
    sockets = [];
    await socket.stop();
    assert.equal(await readFile(path, "utf8"), "precious");
    assert.equal(logger.events.length, 1);
  });
});
