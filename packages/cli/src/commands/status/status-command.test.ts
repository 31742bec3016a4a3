import assert from "node:assert/strict";
import { chmod, cp, mkdir, rm, writeFile } from "node:fs/promises";
import {
  type FakeAuthorityAdmin,
  startFakeAuthorityAdmin,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { authority, days, intermediate, lately, sound, well } from "../../status/facts.fixture.ts";
import type { StatusReport } from "../../status/report.ts";
import type { CommandDeps } from "../command-deps.ts";
import { now, runKasbah } from "../run-kasbah.fixture.ts";

const escapesIn = (text: string) => ["\u001b", "\u009b", "\u202e"].filter((each) => text.includes(each));

describe("kasbah status", () => {
  let directory: TemporaryDirectory;
  let ca: FakeAuthorityAdmin | undefined;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    await ca?.close();
    ca = undefined;
    await directory.remove();
  });

  async function startCa(): Promise<FakeAuthorityAdmin> {
    ca = await startFakeAuthorityAdmin(directory.join("admin.sock"));
    ca.overview = well;
    ca.answers = [sound];
    return ca;
  }

  /** Without a state directory, the space on this machine does not count. */
  const run = (argv: readonly string[] = [], changes: Partial<CommandDeps> = {}) =>
    runKasbah(["status", "--admin-socket", directory.join("admin.sock"), ...argv], changes);
  const runAt = (argv: readonly string[] = []) =>
    runKasbah(["status", "--state-dir", directory.path, ...argv]);

  it("cannot determine the state where no CA has ever run, and of a directory of another user", async () => {
    const { error, said } = await runAt();
    assert.deepEqual([error?.code, said], ["ADMIN_UNREACHABLE", ""]);
    if (process.getuid?.() === 0) return;
    await mkdir(directory.join("control"), { mode: 0o000 });
    assert.equal((await runAt()).error?.code, "ADMIN_FORBIDDEN");
    await chmod(directory.join("control"), 0o700);
  });

  it("rejects a CA on this machine together with one in a cluster, and an interval below a second", async () => {
    assert.equal((await run(["-n", "mesh"])).error?.code, "CONFIG_INVALID");
    assert.match(String((await run(["--interval", "10ms"])).error?.message), /at least 1s/);
  });

  it("prints no escape that a CA sends, neither as text nor as JSON", async () => {
    const evil = "\u001b[31m\u009b2J\u202e";
    const fake = await startCa();
    fake.overview = { ...well, ready: false, reasons: [evil], warnings: [evil], trustDomain: evil };
    for (const flags of [[], ["--json"]]) {
      const { said, exitCode } = await run(flags);
      assert.deepEqual(escapesIn(said), []);
      assert.equal(exitCode, 4);
    }
  });

  it("fits one screen of 24 lines and 80 columns if all is well, and exits with 0", async () => {
    await startCa();
    const { said, exitCode } = await run();
    const lines = said.trimEnd().split("\n");
    assert.ok(lines.length <= 24 && lines.every((line) => line.length <= 80), said);
    assert.equal(exitCode, 0);
    for (const value of [
      /^OK {2}cluster\.local, /,
      /^ca {10}ready, started 3d ago, release 1\.2\.3, 12 of 10000 connections$/m,
      /^issued {6}4 in the last minute, 4 in 10 minutes, 4 in an hour$/m,
      /^refused {5}none in 10 minutes$/m,
      /^signs {7}root-1 \(expires in 3000d\), intermediate-1 \(expires in 300d\)$/m,
      /^rotation {4}intermediate-1 rotates 2030-07-20T00:00:00Z \(in 200d\)$/m,
      /^identities {2}42 live, none about to expire$/m,
      /^ledger {6}1,204 entries, 1\.2 MiB of at most 1\.0 GiB$/m,
      /^disk {8}18 GiB free of 20 GiB$/m,
      /^clock {7}trusted$/m,
    ])
      assert.match(said, value);
  });

  it("exits with 3 for a warning, and prints its cause, its fix and its page without a line beyond 80 columns", async () => {
    const fake = await startCa();
    const refused = [{ code: "TOKEN_AUDIENCE", counts: lately(7) }];
    fake.overview = { ...well, activity: { ...well.activity, refused } };
    const { said, exitCode } = await run();
    assert.equal(exitCode, 3);
    assert.match(
      said,
      /^WARNING {2}TOKEN_AUDIENCE\n {2}what 7 calls refused in 10 minutes: the token is for another audience\n/m,
    );
    assert.match(said, /^ {2}fix {2}the pod: project a token for --token-audience/m);
    assert.match(said, /^ {2}see {2}docs\/refusals\.md$/m);
    assert.ok(
      said.split("\n").every((line) => line.length <= 80),
      said,
    );
  });

  it("shows colour by severity only on a screen that has it", async () => {
    await startCa();
    let painted = "";
    const write = (text: string) => {
      painted += text;
    };
    const screen = { write, colour: true, interactive: false };
    await run([], { screen });
    assert.ok(painted.startsWith("\u001b[32mOK\u001b[0m  "));
    assert.deepEqual(escapesIn((await run()).said), []);
  });

  it("says what a CA of an earlier release hides, and shows its authorities", async () => {
    const fake = await startCa();
    fake.overview = undefined;
    fake.answers = [{ ...sound, authorities: [authority(), { ...intermediate, notAfter: days(-1) }] }];
    const report = JSON.parse((await run(["--json"])).said) as StatusReport;
    assert.deepEqual(
      report.findings.map(({ code }) => code),
      ["INTERMEDIATE_EXPIRED", "STATUS_INCOMPLETE"],
    );
    assert.match(String(report.missing), /earlier release/);
    assert.equal(report.replicas[0]?.role, "unknown");
  });

  it("measures the volume itself, and says if the ledger cannot show who was refused", async () => {
    const fake = await startCa();
    const refused = [{ code: "TOKEN_AUDIENCE", counts: lately(7) }];
    const ledger = { ...well.ledger, diskFree: 1, diskSize: 2 };
    fake.overview = { ...well, ledger, activity: { ...well.activity, refused } };
    await mkdir(directory.join("ledger", "0", "segments", "000000000000000.jsonl"), { recursive: true });
    const report = JSON.parse((await runAt(["--json"])).said) as StatusReport;
    assert.ok((report.replicas[0]?.ledger?.diskSize ?? 0) > 2);
    assert.match(String(report.missing), /^the callers that were refused: .* is not a regular file/);
  });

  it("prints the report as JSON, with times in UTC", async () => {
    await startCa();
    const report = JSON.parse((await run(["--json"])).said);
    assert.deepEqual([report.level, report.now, report.source.kind], ["ok", now.toISOString(), "running"]);
    assert.equal(report.source.flags, `--admin-socket ${directory.join("admin.sock")}`);
    assert.equal(report.activity.issued.length, 60);
  });

  describe("of a stopped CA", () => {
    beforeEach(async () => {
      const { error } = await runKasbah(["init", "--state-dir", directory.path]);
      assert.equal(error, undefined);
    });

    it("says first that the CA is down, with the command that starts it, and exits with 4", async () => {
      const { said, exitCode } = await runAt();
      assert.match(
        said,
        /^CRITICAL .*\n.*\n\nCRITICAL {2}CA_DOWN\n {2}what no CA answers at its admin socket: /,
      );
      assert.match(said.replaceAll(/\n {7}/g, " "), /fix {2}start it: kasbah-server --state-dir /);
      assert.match(said, /^ca {10}stopped$/m);
      assert.doesNotMatch(said, /^issued/m);
      assert.equal(exitCode, 4);
    });

    it("names a lost state and a lost key, each with the command that replaces it", async () => {
      const spare = directory.join("spare");
      await cp(directory.join("control"), spare, { recursive: true });
      await rm(directory.join("control"), { recursive: true });
      assert.match((await runAt()).said, /STATE_MISSING[\s\S]*kasbah restore BACKUP/);
      await cp(spare, directory.join("control"), { recursive: true });
      await rm(directory.join("authorities", "root-1", "ca-key.pem"));
      const { said } = await runAt();
      assert.match(said, /AUTHORITY_INCOMPLETE\n {2}what the key of root-1 is missing/);
      assert.match(said.replaceAll(/\n {7}/g, " "), /kasbah authority rotate --root --state-dir/);
    });

    it("names a state that is damaged, even if its ledger is missing", async () => {
      for (const slot of [0, 1]) await writeFile(directory.join("control", `state-${slot}.json`), "{");
      const { said, exitCode } = await runAt();
      assert.match(said, /^CRITICAL {2}STATE_DAMAGED$/m);
      assert.equal(exitCode, 4);
    });
  });

  describe("--watch", () => {
    function watching(
      interactive: boolean,
      onWrite: (text: string, stop: AbortController) => Promise<void> | void,
    ) {
      const stop = new AbortController();
      let shown = "";
      const write = (text: string) => {
        shown += text;
        void onWrite(text, stop);
      };
      const screen = { write, colour: false, interactive };
      return run(["--watch"], { screen, signal: stop.signal }).then((outcome) => ({ ...outcome, shown }));
    }

    it("appends a report after another where lines cannot be overwritten, and ends with 0 on Ctrl-C", async () => {
      await startCa();
      let count = 0;
      const { shown, error, exitCode } = await watching(false, (_, stop) => {
        count += 1;
        if (count === 3) stop.abort();
      });
      assert.deepEqual([shown.match(/^OK /gm)?.length, error, exitCode], [3, undefined, 0]);
      assert.deepEqual(escapesIn(shown), []);
    });

    it("redraws in place on a terminal", async () => {
      await startCa();
      let count = 0;
      const { shown } = await watching(true, (_, stop) => {
        count += 1;
        if (count === 3) stop.abort();
      });
      assert.equal(shown.split("\u001b[2J").length, 2);
      assert.equal(shown.split("\u001b[HOK ").length, 3);
      assert.ok(shown.endsWith("\u001b[J"));
    });

    it("survives a restart of the CA", async () => {
      let fake = await startCa();
      const seen: string[] = [];
      const outcome = await watching(false, async (text, stop) => {
        const state = /^OK /.test(text) ? "OK" : (/\((\w+)\)$/m.exec(text)?.[1] ?? "");
        if (seen.at(-1) === state) return;
        seen.push(state);
        if (seen.length === 1) await fake.close();
        if (seen.length === 2) fake = await startCa();
        if (seen.length === 3) stop.abort();
      });
      assert.deepEqual([seen, outcome.error], [["OK", "ADMIN_UNREACHABLE", "OK"], undefined]);
    });
  });
});
