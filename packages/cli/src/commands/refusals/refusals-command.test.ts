import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeEntry, type RefusedEntry } from "@kasbah/ledger";
import { eventually } from "@kasbah/testkit";
import { issued, refused, WrittenLedger } from "@kasbah/testkit/ledger";
import { FakeReplicas } from "../../cluster/fake-replicas.fixture.ts";
import { runKasbah } from "../run-kasbah.fixture.ts";

const at = (minutes: number) => new Date(Date.UTC(2030, 0, 1) - minutes * 60_000).toISOString();
const caller = { spiffeId: "spiffe://cluster.local/ns/payments/sa/api", kind: "jwks-token" } as const;
const audience = (time: string, peerAddress: string) =>
  refused({ code: "TOKEN_AUDIENCE", time, peerAddress });

describe("kasbah refusals", () => {
  let ledger: WrittenLedger;

  beforeEach(async () => {
    ledger = await WrittenLedger.make();
  });
  afterEach(() => ledger.remove());

  const run = (...argv: string[]) =>
    runKasbah(["refusals", ...argv], { env: { KASBAH_STATE_DIR: ledger.stateDirectory } });

  async function unauthenticated(...lines: readonly (RefusedEntry | object)[]): Promise<void> {
    const text = lines.map((line) =>
      "referenceId" in line
        ? Buffer.from(encodeEntry(line as RefusedEntry)).toString()
        : JSON.stringify(line),
    );
    const path = join(ledger.directory.unauthenticated, "newest.jsonl");
    await appendFile(path, text.map((line) => `${line}\n`).join(""));
  }

  const dropped = (minutes: number, count: number, network = "10.1.2.0/24") => ({
    ...{ kind: "dropped", since: at(minutes + 1), time: at(minutes), count },
    ...{ codes: { TOKEN_REJECTED: count }, from: [{ network, count }] },
  });

  it("escapes control characters in every column, because the log of unauthenticated callers is not signed", async () => {
    const bad = "\u001b[2J\u202e";
    const hostile = { code: `A${bad}`, time: at(1), peerAddress: `10.1.2.3${bad}`, referenceId: `b${bad}` };
    await unauthenticated(refused(hostile), dropped(2, 3, `10.1${bad}`));
    for (const flags of [[], ["--json"]])
      assert.doesNotMatch((await run(...flags)).said.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  });

  it("lists refusals of all callers by time, in at most 80 columns, with the counts of those that were not kept", async () => {
    await ledger.write(
      issued({ time: at(9) }),
      refused({ code: "CLIENT_CERTIFICATE_REJECTED", time: at(5), caller, referenceId: "aaaaaaaaaaaa" }),
    );
    await unauthenticated(
      { ...audience(at(7), "10.1.2.3:4000"), referenceId: "bbbbbbbbbbbb" },
      dropped(4, 12_000),
      dropped(3, 345, "10.3.1.7"),
      { ...audience(at(2), "2001:db8:1234:5678:9abc:def0:1234:5678:443"), referenceId: "cccccccccccc" },
    );
    const { said } = await run();
    assert.deepEqual(said.split("\n"), [
      "TIME                  CODE                         REFERENCE     CALLER",
      "2029-12-31T23:53:00Z  TOKEN_AUDIENCE               bbbbbbbbbbbb  10.1.2.3",
      "2029-12-31T23:55:00Z  CLIENT_CERTIFICATE_REJECTED  aaaaaaaaaaaa  payments/api",
      "2029-12-31T23:58:00Z  TOKEN_AUDIENCE               cccccccccccc  2001:db8:1234:…",
      "",
      "3 refusals since 2029-12-31T00:00:00Z",
      "and 12,345 more were counted, not kept: 10.1.2.0/24 (12,000), 10.3.1.7 (345)",
      "by code: TOKEN_REJECTED 12,345, TOKEN_AUDIENCE 2, CLIENT_CERTIFICATE_REJECTED 1",
      "kasbah why CODE explains a code, kasbah why REFERENCE a call",
      "",
    ]);
    assert.ok(said.split("\n").every((line) => line.length <= 80));
  });

  it("selects by time, code, address and network, and says how many of the uncounted ones may match", async () => {
    await ledger.write(refused({ time: at(1), caller, peerAddress: "10.1.2.9:1" }));
    await unauthenticated(
      audience(at(90), "10.1.2.3:1"),
      audience(at(8), "10.1.2.3:1"),
      audience(at(8), "10.9.9.9:1"),
      dropped(4, 500),
      dropped(4, 70, "10.9.9.9"),
    );
    const totals = async (...argv: string[]) => {
      const list = JSON.parse((await run(...argv, "--json")).said);
      const counted = list.dropped.reduce((sum: number, one: { count: number }) => sum + one.count, 0);
      return [list.total, counted];
    };
    assert.deepEqual(await totals(), [4, 570]);
    assert.deepEqual(await totals("--since", "10m"), [3, 570]);
    assert.deepEqual(await totals("--code", "TOKEN_AUDIENCE"), [3, 0]);
    assert.deepEqual(await totals("--code", "TOKEN_REJECTED"), [0, 570]);
    assert.deepEqual(await totals("--address", "10.1.2.3"), [2, 500]);
    assert.deepEqual(await totals("--address", "10.1.0.0/16"), [3, 500]);
    assert.deepEqual(await totals("--address", "10.9.9.9", "--since", "10m"), [1, 70]);
    assert.match(
      (await run("--address", "10.9.9.9")).said,
      /^and up to 70 more from 10\.9\.9\.9 were counted, not kept$/m,
    );
    assert.match((await run("--lines", "1")).said, /^the last 1 of 4 refusals since /m);
    assert.match((await run("--code", "LINT_FAILED")).said, /^no refusals since /);
  });

  it("rejects an address and a code that cannot be one", async () => {
    for (const argv of [
      ["--address", "10.1.2"],
      ["--address", "10.1.2.0/33"],
      ["--address", "10.1.2.0/"],
      ["--code", "token audience"],
    ])
      assert.equal((await run(...argv)).error?.code, "commander.invalidArgument", argv.join(" "));
  });

  it("prints no control characters that a caller has put into its request", async () => {
    await ledger.write(refused({ time: at(1), code: "X\u001b[31m", peerAddress: "\u001b[2J:1" }));
    assert.equal((await run()).said.includes("\u001b"), false);
    assert.equal((await run("--json")).said.includes("\u001b"), false);
  });

  it("follows refusals of both kinds, each once", async () => {
    const interrupted = new AbortController();
    await ledger.write(refused({ time: at(1), caller, referenceId: "aaaaaaaaaaaa" }));
    let said = "";
    const write = (text: string) => {
      said += text;
    };
    const following = runKasbah(["refusals", "-f", "--since", "5m"], {
      env: { KASBAH_STATE_DIR: ledger.stateDirectory },
      screen: { write, colour: false, interactive: false },
      signal: interrupted.signal,
    });
    await eventually(() => said.includes("aaaaaaaaaaaa"));
    await ledger.write(refused({ time: at(0), caller, referenceId: "dddddddddddd" }));
    await unauthenticated({ ...audience(at(0), "10.0.0.1:1"), referenceId: "eeeeeeeeeeee" }, dropped(0, 7));
    await eventually(() => said.includes("dddddddddddd") && said.includes("7 more"));
    interrupted.abort();
    await following;
    for (const reference of ["aaaaaaaaaaaa", "dddddddddddd", "eeeeeeeeeeee"])
      assert.equal(said.split(reference).length, 2, said);
    assert.match(said, /^and 7 more from 10\.1\.2\.0\/24 \(7\) were counted, not kept$/m);
  });

  it("merges the refusals of all replicas in a cluster, and names the replica that did not answer", async () => {
    const cluster = await FakeReplicas.start();
    try {
      await cluster.list("kasbah-0", "kasbah-1", "kasbah-2");
      const answer = (time: string, referenceId: string) => ({
        refusals: [{ entry: refused({ time, referenceId, caller }) }],
        ...{ total: 5, dropped: [dropped(3, 100)], codes: { IDENTITY_NOT_ALLOWED: 5, TOKEN_REJECTED: 100 } },
      });
      await cluster.answers("kasbah-0", answer(at(1), "aaaaaaaaaaaa"));
      await cluster.answers("kasbah-1", answer(at(2), "bbbbbbbbbbbb"));
      await cluster.fails("kasbah-2", "STATE_MISSING", "no ledger");
      const { said, warned } = await cluster.run([
        "-n",
        "ca",
        "refusals",
        "--since",
        "10m",
        "--address",
        "10.0.0.1",
      ]);
      assert.ok(said.indexOf("bbbbbbbbbbbb") < said.indexOf("aaaaaaaaaaaa"), said);
      assert.match(said, /^the last 2 of 10 refusals since 2029-12-31T23:50:00Z/m);
      assert.match(said, /up to 200 more/);
      assert.match(warned, /kasbah-2/);
      assert.match(
        (await cluster.execs()).join("\n"),
        /refusals --since=2029-12-31T23:50:00\.000Z --lines=20 --address=10\.0\.0\.1 --json/,
      );
      const follow = await cluster.run(["-n", "ca", "refusals", "-f"]);
      assert.equal(follow.error?.code, "CONFIG_INVALID");
    } finally {
      await cluster.remove();
    }
  });
});
