import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { RuntimeError } from "../../errors.ts";
import { explainSocketFailure } from "./failure.ts";
import { socketProblems } from "./problems.ts";

const otherUser = 65_534;

/** Binds a socket at each path as another user, and returns the code and the message of each failure. */
function bindAs(uid: number, paths: readonly string[]): readonly string[] {
  const script = `
    import { UnixSocket } from ${JSON.stringify(join(import.meta.dirname, "unix-socket.ts"))};
    import { createServer } from "node:net";
    for (const path of ${JSON.stringify(paths)}) {
      const listener = createServer();
      const server = { listenUnix: (at) => new Promise((done, fail) => listener.once("error", fail).listen(at, done)), close: async () => {} };
      const socket = new UnixSocket({ name: "sds", path, flag: "--sds-socket", server, roll: Math.random });
      await socket.start().then(() => console.log("bound"), ({ code, message }) => console.log(code + ": " + message));
    }
    process.exit();`;
  const node = ["--conditions=kasbah-source", "--input-type=module", "-e", script];
  const { stdout, stderr } = spawnSync(process.execPath, node, { uid, gid: uid, encoding: "utf8" });
  assert.equal(stderr, "");
  return stdout.trim().split("\n");
}

describe("A socket that cannot be created", () => {
  let directory: TemporaryDirectory;
  const servers: Server[] = [];

  before(async () => {
    directory = await temporaryDirectory();
    await chmod(directory.path, 0o755);
  });
  after(async () => {
    for (const server of servers) server.close();
    await directory.remove();
  });

  const make = async (name: string, mode: number, uid = 0) => {
    const path = directory.join(name);
    await mkdir(path);
    await chmod(path, mode);
    await chown(path, uid, uid);
    return path;
  };
  /** A socket file without a listener, as left by kill -9. */
  const leaveDeadSocket = async (path: string, mode: number) => {
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", script]);
    await chmod(path, mode);
  };

  it("is explained by the owner and mode of what is in the way, and the user of this process", async function () {
    if (process.getuid?.() !== 0) this.skip();
    const foreign = await make("foreign", 0o755);
    const closed = await make("closed", 0o700);
    const own = await make("own", 0o755, otherUser);
    const shared = await make("shared", 0o1777);
    const [dead, live, kept] = [join(own, "dead"), join(own, "live"), join(shared, "kept")];
    await leaveDeadSocket(dead, 0o600);
    await leaveDeadSocket(kept, 0o666);
    const server = createServer();
    servers.push(server);
    await new Promise<void>((done) => server.listen(live, done));
    await chmod(live, 0o600);
    const paths = [join(foreign, "sds"), join(foreign, "new/sds"), join(closed, "in/sds"), dead, live, kept];

    const me = `this process runs as uid ${otherUser}, gid ${otherUser}`;
    const choose = "or choose another --sds-socket";
    const denied = (place: string, mode: string) =>
      `the directory ${place} belongs to uid 0, gid 0 with mode ${mode}, and ${me}: run chown ${otherUser}:${otherUser} ${place}, in Kubernetes mount an emptyDir there, ${choose}`;
    const unknown = (path: string) =>
      `SOCKET_ACCESS_DENIED: cannot tell whether another process serves ${path}: the socket belongs to uid 0, gid 0 with mode 0600, and ${me} and may not connect to it: stop that process if there is one, remove the socket, ${choose}`;
    const created = (path: string, errno = "EACCES") =>
      `SOCKET_ACCESS_DENIED: cannot create the socket ${path} (${errno}): `;
    assert.deepEqual(bindAs(otherUser, paths), [
      created(join(foreign, "sds")) + denied(foreign, "0755"),
      created(join(foreign, "new/sds")) + denied(foreign, "0755"),
      created(join(closed, "in/sds")) + denied(closed, "0700"),
      unknown(dead),
      unknown(live),
      `${created(kept, "EPERM")}the directory ${shared} has the sticky bit, so only its owner may replace the file there, which belongs to uid 0, gid 0 with mode 0666; ${me}: remove the file as its owner, ${choose}`,
    ]);
  });

  it("is explained by the file that is in place of its directory", async () => {
    await writeFile(directory.join("file"), "");
    const places = [directory.join("file/sds"), directory.join("file/in/sds")];
    const sentence = (path: string, errno: string) =>
      `SOCKET_PATH_INVALID: cannot create the socket ${path} (${errno}): ${directory.join("file")} is a file, not a directory: remove it, or choose another --sds-socket`;
    const [first = "", second = ""] = bindAs(process.getuid?.() ?? 0, places);
    assert.equal(first, sentence(places[0] ?? "", /EEXIST/.test(first) ? "EEXIST" : "ENOTDIR"));
    assert.equal(second, sentence(places[1] ?? "", "ENOTDIR"));
  });

  it("is explained by a read-only file system, with the part of the path that exists", async () => {
    const socket = { path: directory.join("missing/sds"), flag: "--workload-socket" };
    const error = Object.assign(new Error("EROFS: read-only file system, mkdir"), { code: "EROFS" });
    const explained = await explainSocketFailure(socket, error);
    assert.ok(explained instanceof RuntimeError);
    assert.equal(explained.code, "SOCKET_ACCESS_DENIED");
    assert.ok(
      explained.message.includes(`the directory ${directory.path} is on a read-only file system: mount`),
    );
    assert.match(explained.message, /or choose another --workload-socket$/);
  });

  it("keeps an error that is explained already, or that the file system does not explain", async () => {
    const socket = { path: directory.join("x"), flag: "--sds-socket" };
    for (const error of [
      new RuntimeError("SOCKET_IN_USE", "x"),
      new Error("x"),
      Object.assign(new Error("x"), { code: "EMFILE" }),
    ]) {
      assert.equal(await explainSocketFailure(socket, error), error);
    }
  });

  it("is found by --check-config if a directory or a file is at its path", async () => {
    await writeFile(directory.join("a-file"), "");
    const problems = await socketProblems({
      "--a": directory.path,
      "--b": directory.join("a-file"),
      "--c": directory.join("nothing"),
      "--d": undefined,
    });
    assert.deepEqual(problems, [
      `--a: ${directory.path} is a directory: name a file in it, such as ${directory.join("socket")}`,
      `--b: ${directory.join("a-file")} is not a socket: remove it`,
    ]);
  });
});
