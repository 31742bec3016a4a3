import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, stat } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { kasbahBin } from "../harness/repository.ts";
import { saveIssuer } from "../harness/token-issuer.ts";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The operator's command as installed, against a CA as installed. */
describe("Operator's command", () => {
  let directory: TemporaryDirectory;
  let server: CaProcess | undefined;
  let callers: readonly string[];

  beforeEach(async () => {
    server = undefined;
    directory = await temporaryDirectory();
    ({ flags: callers } = await saveIssuer(directory.join("issuer")));
  });
  afterEach(async () => {
    await server?.kill();
    await directory.remove();
  });

  function kasbah(argv: readonly string[], options: { uid?: number } = {}): Promise<Outcome> {
    const env = { PATH: process.env["PATH"], KASBAH_STATE_DIR: directory.join("ca") };
    return new Promise((resolve) => {
      execFile(process.execPath, [kasbahBin, ...argv], { ...options, env }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      });
    });
  }

  async function startServer(): Promise<void> {
    server = new CaProcess({ stateDir: directory.join("ca"), flags: callers });
    await server.logged("daemon started");
  }

  it("fails without a CA and on an invalid command line, with different exit codes", async () => {
    const nowhere = await kasbah(["check"]);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.err, /no CA at .*admin\.sock: no such socket; .* \(ADMIN_UNREACHABLE\)\n$/);
    assert.equal((await kasbah(["check", "--wran", "1d"])).code, 2);
    assert.equal((await kasbah(["authority", "--help"])).code, 0);
  });

  it("reports the state of a CA through its exit code, before the CA first starts and while it runs", async () => {
    assert.equal((await kasbah(["init", "--intermediate-ttl", "480h"])).code, 0);
    const { code, out } = await kasbah(["check"]);
    assert.equal(code, 1, out);
    assert.match(out, /^OK {8}root-1 [^\n]*\nWARNING {3}intermediate-1 /);
    assert.match(out, /! no CA answers: showing the state in [^\n]*\n(see [^\n]*\n)*UNREACHABLE\n$/);
    await startServer();
    assert.equal((await kasbah(["check"])).code, 3);
    assert.equal((await kasbah(["check", "--warn", "2d", "--critical", "1d"])).code, 0);
    assert.equal((await kasbah(["check", "--critical", "30d"])).code, 4);
  });

  it("replaces the root of a running CA and follows the rotation to the end", async () => {
    await startServer();
    assert.equal((await stat(directory.join("ca", "admin.sock"))).mode & 0o777, 0o600);
    const rotated = await kasbah(["authority", "rotate", "--root", "--wait"]);
    assert.deepEqual([rotated.code, rotated.err], [0, ""]);
    assert.match(rotated.out, /rotation complete\nno rotation in progress/);
    const { out } = await kasbah(["authority", "list"]);
    assert.match(out, /\nroot-2 +active +yes/);
    assert.doesNotMatch(out, /no CA answers/);
    const refused = await kasbah(["authority", "abort", "--json"]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /no rotation is in progress \(OPERATION_REFUSED\)\n$/);
    assert.equal((await kasbah(["check"])).code, 0);
  });

  it("names the user to run as if another user runs it, for a running CA and for a stopped one", async function () {
    if (process.getuid?.() !== 0) this.skip();
    await startServer();
    await chmod(directory.path, 0o711);
    const running = await kasbah(["check"], { uid: 65_534 });
    assert.equal(running.code, 1);
    assert.match(running.err, /admin\.sock: only its owner \(uid 0\) has access: .* \(ADMIN_FORBIDDEN\)\n$/);
    assert.ok(server);
    await server.stop();
    const stopped = await kasbah(["check"], { uid: 65_534 });
    assert.match(stopped.err, /\/ca: only its owner \(uid 0\) has access: .* \(ADMIN_FORBIDDEN\)\n$/);
  });
});
