import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import {
  type FakeAuthorityAdmin,
  startFakeAuthorityAdmin,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { idle, runKasbah } from "../run-kasbah.fixture.ts";

describe("kasbah check", () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const run = (...argv: string[]) => runKasbah(argv, { env: { KASBAH_STATE_DIR: directory.join("ca") } });
  const init = () => run("init", "--intermediate-ttl", "240h");

  /** Runs work as a user who owns no file here. */
  async function asNobody<T>(work: () => Promise<T>): Promise<T> {
    await chmod(directory.path, 0o711);
    process.seteuid?.(65_534);
    try {
      return await work();
    } finally {
      process.seteuid?.(0);
    }
  }

  it("fails if no CA exists, and names the socket and the fix", async () => {
    const { error } = await run("check");
    assert.equal(error?.code, "ADMIN_UNREACHABLE");
    assert.match(String(error?.message), /ca\/admin\.sock: no such socket; start kasbah-server, or set/);
  });

  it("does not read the state of another CA if a socket is given", async () => {
    await init();
    const socket = directory.join("other.sock");
    const env = { XDG_STATE_HOME: directory.path };
    assert.equal(
      (await runKasbah(["check", "--admin-socket", socket], { env })).error?.code,
      "ADMIN_UNREACHABLE",
    );
    const named = { ...env, KASBAH_ADMIN_SOCKET: socket };
    assert.equal((await runKasbah(["check"], { env: named })).error?.code, "ADMIN_UNREACHABLE");
    const both = await runKasbah(["check", "--state-dir", directory.join("ca")], { env: named });
    assert.equal(both.error, undefined);
  });

  it("fails if the state is damaged", async () => {
    await init();
    for (const slot of [0, 1]) await writeFile(directory.join("ca", "control", `state-${slot}.json`), "{}");
    assert.equal((await run("check")).error?.code, "STATE_DAMAGED");
  });

  it("names the owner of a stopped CA if its state is not readable", async function () {
    if (process.getuid?.() !== 0) this.skip();
    await init();
    const { error } = await asNobody(() => run("check"));
    assert.equal(error?.code, "ADMIN_FORBIDDEN");
    assert.match(String(error?.message), /no access to .*\/ca: only its owner \(uid 0\) has access/);
  });

  it("exits with 1 if no CA answers, even if no authority in the state directory expires soon", async () => {
    await init();
    const { said, exitCode } = await run("check", "--warn", "2d", "--critical", "1d");
    assert.equal(exitCode, 1);
    assert.match(
      said,
      /^OK {8}root-1 [^\n]*\nOK {8}intermediate-1 [^\n]*\n! no CA answers: [^\n]*\nsee docs\/runbooks\/down\.md\nUNREACHABLE\n$/,
    );
    const expired = await run("check", "--critical", "30d", "--json");
    assert.equal(expired.exitCode, 1);
    const { level, authorities } = JSON.parse(expired.said);
    assert.equal(level, "UNREACHABLE");
    assert.deepEqual(
      authorities.map((authority: { level: string }) => authority.level),
      ["OK", "CRITICAL"],
    );
  });

  it("reads a stopped CA from its state directory, and reports that it did", async () => {
    await init();
    const { said, exitCode } = await run("check");
    assert.equal(exitCode, 1);
    assert.deepEqual(said.split("\n"), [
      "OK        root-1          expires 2039-12-30T00:00:00Z (in 3650d)",
      "WARNING   intermediate-1  expires 2030-01-11T00:00:00Z (in 10d)",
      `! no CA answers: showing the state in ${directory.join("ca")}`,
      "see docs/runbooks/issuer-expiring-soon.md",
      "see docs/runbooks/down.md",
      "UNREACHABLE",
      "",
    ]);
    assert.match((await run("authority", "list")).said, /intermediate-1 {2}active[\s\S]*! no CA answers/);
    assert.match((await run("authority", "status")).said, /^no rotation in progress[\s\S]*! no CA answers/);
  });

  describe("running CA", () => {
    let ca: FakeAuthorityAdmin;

    beforeEach(async () => {
      ca = await startFakeAuthorityAdmin(directory.join("admin.sock"));
      ca.answers = [idle];
    });
    afterEach(() => ca.close());

    const check = (...flags: string[]) =>
      run("check", "--admin-socket", directory.join("admin.sock"), ...flags);

    it("names the owner of the socket if access is denied, even if the state is readable", async function () {
      if (process.getuid?.() !== 0) this.skip();
      await chmod(directory.join("admin.sock"), 0o600);
      const { error } = await asNobody(() => check());
      assert.equal(error?.code, "ADMIN_FORBIDDEN");
      assert.match(
        String(error?.message),
        /admin\.sock: only its owner \(uid 0\) has access: run the command as/,
      );
    });

    it("reports the level by exit code", async () => {
      assert.equal((await check()).exitCode, 0);
      assert.equal((await check("--warn", "4000d")).exitCode, 3);
      assert.equal((await check("--critical", "4000d")).exitCode, 4);
      assert.equal((await check("--warn", "soon")).error?.code, "commander.invalidArgument");
    });

    it("prints the report as JSON", async () => {
      const { said } = await check("--json", "--warn", "4000d");
      const runbook = "docs/runbooks/root-expiring-soon.md";
      const root = { id: "root-1", level: "WARNING", notAfter: "2040-01-01T00:00:00.000Z", runbook };
      assert.deepEqual(JSON.parse(said), { level: "WARNING", authorities: [root], warnings: idle.warnings });
    });

    it("shows its default limits in days", async () => {
      const { said } = await check("--help");
      assert.match(said, /\(default: 30d\)/);
      assert.match(said, /\(default: 7d\)/);
    });
  });
});
