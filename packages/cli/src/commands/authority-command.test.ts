import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import {
  type AuthorityStatusMessage,
  abortRotation,
  getAuthorityStatus,
  type Method,
  pauseRotation,
  resumeRotation,
  rotateAuthority,
} from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { GrpcServer, grpcStatus, type Route, unaryRoute } from "@kasbah/runtime/grpc";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { createProgram } from "./program.ts";

const now = new Date("2030-01-01T00:00:00Z");
const root = {
  id: "root-1",
  kind: "root",
  origin: "self-signed",
  stage: "active",
  signs: true,
  trusted: true,
  fingerprint: "0123456789abcdef0123",
  serial: "01",
  keyType: "P-256",
  notBefore: now,
  notAfter: new Date("2040-01-01T00:00:00Z"),
  stageSince: now,
  rotatesAt: new Date("2036-09-01T00:00:00Z"),
} as const;
const idle: AuthorityStatusMessage = {
  trustDomain: "cluster.local",
  epoch: 4,
  automatic: true,
  paused: false,
  authorities: [root],
  warnings: ["rotations start by hand only (--root-rotation manual)"],
};
const busy: AuthorityStatusMessage = {
  ...idle,
  rotation: {
    kind: "root",
    from: "root-1",
    to: "root-2",
    stage: "distributed",
    since: now,
    mayAdvance: false,
    reason: "leaves live until tomorrow",
    earliest: new Date("2030-01-02T00:00:00Z"),
    aborted: false,
  },
};

describe("kasbah authority", () => {
  let directory: TemporaryDirectory;
  let server: GrpcServer;
  /** What the CA was asked, in order. */
  let asked: unknown[];
  let answers: AuthorityStatusMessage[];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    asked = [];
    answers = [];
    const route = <Q>(name: string, { path, request, response }: Method<Q, AuthorityStatusMessage>): Route =>
      unaryRoute({
        path,
        decode: request.decode,
        encode: response.encode,
        handle: async (call) => {
          asked.push([name, call.request(), call.metadata("kasbah-operator")[0]]);
          const answer = answers.shift();
          if (answer === undefined) throw new Error("OPERATION_REFUSED: not now");
          return answer;
        },
      });
    server = new GrpcServer({
      routes: [
        route("status", getAuthorityStatus),
        route("rotate", rotateAuthority),
        route("pause", pauseRotation),
        route("resume", resumeRotation),
        route("abort", abortRotation),
      ],
      toStatus: (error) => ({
        code: grpcStatus.FAILED_PRECONDITION,
        message: String((error as Error).message),
      }),
    });
    await server.listenUnix(directory.join("admin.sock"));
  });
  afterEach(async () => {
    await server.close(0);
    await directory.remove();
  });

  async function run(...argv: string[]) {
    let said = "";
    let exitCode = 0;
    const write = (text: string) => {
      said += text;
    };
    const program = createProgram({
      version: "1.2.3",
      screen: { write, colour: false, interactive: false },
      env: { KASBAH_STATE_DIR: directory.path },
      clock: { ...systemClock, now: () => now },
      isRoot: false,
      pid: process.pid,
      hostname: "here",
      operator: "alice",
      stderr: process.stderr,
      setExitCode: (code) => {
        exitCode = code;
      },
      nodePath: process.execPath,
      platform: "linux",
      arch: "x64",
      temporaryDirectory: tmpdir(),
      signal: new AbortController().signal,
    });
    const error = await program.parseAsync(["node", "kasbah", ...argv]).then(
      () => undefined,
      (reason: { code?: string; message: string }) => reason,
    );
    return { said, error, exitCode };
  }

  it("says what the CA refuses, in the CA's words", async () => {
    const { error } = await run("authority", "rotate", "--root");
    assert.equal(error?.code, "OPERATION_REFUSED");
    assert.equal(error?.message, "not now");
    assert.deepEqual(asked, [["rotate", { kind: "root" }, "alice"]]);
  });

  it("names the socket when no CA is there, and does not hang on one that is dead", async () => {
    const missing = await run("authority", "status", "--admin-socket", directory.join("none.sock"));
    assert.equal(missing.error?.code, "ADMIN_UNREACHABLE");
    assert.match(String(missing.error?.message), /none\.sock: there is no socket; start kasbah-server/);
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(directory.join("silent.sock"), resolve));
    await new Promise((resolve) => silent.close(resolve));
    const dead = await run("authority", "status", "--admin-socket", directory.join("silent.sock"));
    assert.equal(dead.error?.code, "ADMIN_UNREACHABLE");
  });

  it("says whose socket it is when it may not be opened", async () => {
    const path = directory.join("admin.sock");
    await chmod(path, process.getuid?.() === 0 ? 0o600 : 0);
    await chmod(directory.path, 0o711);
    process.seteuid?.(process.getuid?.() === 0 ? 65_534 : (process.getuid?.() ?? 0));
    try {
      const { error } = await run("authority", "status");
      assert.equal(error?.code, "ADMIN_UNREACHABLE");
      assert.match(String(error?.message), new RegExp(`is for its user of uid ${process.getuid?.()} alone`));
    } finally {
      process.seteuid?.(process.getuid?.() ?? 0);
    }
  });

  it("lists the authorities in a table, with what should be looked at below", async () => {
    answers = [idle];
    const { said } = await run("authority", "list");
    assert.equal(
      said,
      "AUTHORITY  STAGE   SIGNS  KEY    ENDS                             SHA-256\n" +
        "root-1     active  yes    P-256  2040-01-01T00:00:00Z (in 3652d)  0123456789abcdef\n" +
        "! rotations start by hand only (--root-rotation manual)\n",
    );
  });

  it("counts those that have retired, and shows them when all are wanted", async () => {
    const retired = { ...root, id: "root-0", stage: "retired" as const, signs: false, trusted: false };
    answers = [
      { ...idle, authorities: [retired, root] },
      { ...idle, authorities: [retired, root] },
    ];
    const short = (await run("authority", "list")).said;
    assert.match(short, /\n1 retired, shown by --all\n/);
    assert.doesNotMatch(short, /root-0/);
    assert.match((await run("authority", "list", "--all")).said, /root-0 {5}retired {2}-/);
  });

  it("shows why a rotation waits and until when", async () => {
    answers = [busy];
    const { said } = await run("authority", "status");
    assert.match(said, /rotation of the root: root-1 to root-2\n/);
    assert.match(said, /not yet, because leaves live until tomorrow\n/);
    assert.match(said, /earliest 2030-01-02T00:00:00Z \(in 1d\)\n/);
  });

  it("prints the whole status as JSON", async () => {
    answers = [busy];
    const { said } = await run("authority", "status", "--json");
    assert.deepEqual(JSON.parse(said), JSON.parse(JSON.stringify(busy)));
  });

  it("follows a rotation to its end when told to wait, printing each stage once", async () => {
    const { rotation } = busy;
    assert.ok(rotation);
    const active = { ...busy, rotation: { ...rotation, stage: "active" as const } };
    answers = [busy, busy, active, idle];
    const { said } = await run("authority", "rotate", "--root", "--wait");
    assert.deepEqual(said.split("\n").slice(0, 3), [
      "2030-01-01T00:00:00Z  root-2 distributed, until 2030-01-02T00:00:00Z at the earliest",
      "2030-01-01T00:00:00Z  root-2 active, until 2030-01-02T00:00:00Z at the earliest",
      "the rotation is done",
    ]);
  });

  it("fails when the rotation that it follows is aborted", async () => {
    const aborted = {
      ...idle,
      authorities: [root, { ...root, id: "root-2", stage: "retired" as const, signs: false }],
    };
    answers = [busy, aborted];
    const { error } = await run("authority", "rotate", "--root", "--wait");
    assert.equal(error?.code, "ROTATION_ABORTED");
    assert.match(String(error?.message), /root-2 is retired/);
  });

  it("passes the epoch that an abort depends on", async () => {
    answers = [idle, idle, idle, idle];
    for (const argv of [["abort", "--if-epoch", "7"], ["abort"], ["pause"], ["resume"]]) {
      await run("authority", ...argv);
    }
    assert.deepEqual(
      asked.map((each) => (each as unknown[]).slice(0, 2)),
      [
        ["abort", { ifEpoch: 7 }],
        ["abort", {}],
        ["pause", {}],
        ["resume", {}],
      ],
    );
    assert.equal(
      (await run("authority", "abort", "--if-epoch", "x")).error?.code,
      "commander.invalidArgument",
    );
  });

  it("gives check its exit code", async () => {
    answers = [idle, idle, idle];
    assert.equal((await run("check")).exitCode, 0);
    assert.equal((await run("check", "--warn", "4000d")).exitCode, 3);
    assert.equal((await run("check", "--critical", "4000d")).exitCode, 4);
  });
});
