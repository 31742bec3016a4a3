import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import { authorityStage, issued, noon, refused, spiffe, WrittenLedger } from "@kasbah/testkit/ledger";
import { csvColumns } from "../../audit/csv.ts";
import { CliError } from "../../errors.ts";
import type { CommandDeps } from "../command-deps.ts";
import { runKasbah } from "../run-kasbah.fixture.ts";

const iso = (ms: number) => new Date(ms).toISOString();
const now = new Date(noon + 7_200_000);

describe("kasbah audit export", () => {
  let ledger: WrittenLedger;

  beforeEach(async () => {
    ledger = await WrittenLedger.make();
  });
  afterEach(() => ledger.remove());

  const audit = (argv: readonly string[], changes: Partial<CommandDeps> = {}) =>
    runKasbah(["audit", "export", ...argv], {
      env: { KASBAH_STATE_DIR: ledger.stateDirectory },
      clock: { ...systemClock, now: () => now },
      ...changes,
    });

  it("prevents spreadsheets from running untrusted text, and keeps quotes and line breaks inside their field", async () => {
    const formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\u0000", "＝1", "\u0085"];
    const odd = ['a"b', "a,b", "a\r\nb", "ok", "a=b"];
    await ledger.write(...[...formulas, ...odd].map((problem) => refused({ problem })));
    const { said } = await audit(["--since", "3h", "--format", "csv"]);
    const [header, ...rows] = readCsv(said);
    assert.deepEqual(header, [...csvColumns]);
    const problems = rows.map((row) => row[csvColumns.indexOf("problem")]);
    assert.deepEqual(problems, [...formulas.map((text) => `'${text}`), ...odd]);
    for (const row of rows) assert.equal(row.length, csvColumns.length);
  });

  it("has a column for every field of every kind", async () => {
    await ledger.write(
      issued({ spiffeId: spiffe("a") }),
      authorityStage({ from: "distributed" }),
      {
        v: 2,
        kind: "operator",
        time: iso(noon),
        act: "rotate",
        arguments: { kind: "root" },
        outcome: "refused",
        reason: "no",
      },
      refused({ causes: ["one", "two"] }),
    );
    const [header = [], ...rows] = readCsv((await audit(["--since", "3h", "--format", "csv"])).said);
    const cell = (row: number, column: string) => rows[row]?.[header.indexOf(column)];
    assert.deepEqual([cell(0, "spiffeId"), cell(0, "code"), cell(0, "podUid")], [spiffe("a"), "ISSUED", "u"]);
    assert.deepEqual(
      [cell(1, "from"), cell(1, "stage"), cell(1, "signs")],
      ["distributed", "active", "true"],
    );
    assert.deepEqual([cell(2, "arguments"), cell(2, "outcome")], ['{"kind":"root"}', "refused"]);
    assert.deepEqual([cell(3, "causes"), cell(3, "index")], ["one; two", "3"]);
  });

  it("prints the entries byte for byte, up to an instant, and only one kind on request", async () => {
    await ledger.write(issued({ time: iso(noon) }), refused({ time: iso(noon + 1), problem: "é\u2028" }));
    ledger.roll();
    await ledger.write(issued({ time: iso(noon + 60_000) }));
    const [segment] = await ledger.segments();
    const { said } = await audit(["--since", iso(noon), "--until", iso(noon + 1)]);
    assert.equal(said, await readFile(segment?.path ?? "", "utf8"));
    const issuedOnly = await audit(["--since", "-1d", "--kind", "issued"]);
    assert.equal(issuedOnly.said.trimEnd().split("\n").length, 2);
    assert.equal((await audit(["--since", "1d", "--kind", "leaf"])).error?.code, "commander.invalidArgument");
  });

  it("waits for a slow reader, returns silently if the reader closes the pipe, and reports an interruption", async () => {
    await ledger.write(...Array.from({ length: 1_000 }, () => issued()));
    for (const code of ["OUTPUT_CLOSED", "INTERRUPTED"] as const) {
      const stop = new AbortController();
      let drained = 0;
      const changes = {
        signal: stop.signal,
        drained: async () => {
          drained += 1;
          if (drained === 2) stop.abort(new CliError(code, "stop"));
        },
      };
      const { said, error } = await audit(["--since", "1d"], changes);
      assert.equal(error?.code, code === "INTERRUPTED" ? code : undefined);
      assert.equal(drained, 2);
      assert.ok(said.length < 200_000, String(said.length));
    }
  });
});

describe("kasbah identities", () => {
  let ledger: WrittenLedger;

  beforeEach(async () => {
    ledger = await WrittenLedger.make();
  });
  afterEach(() => ledger.remove());

  const identities = (...argv: string[]) =>
    runKasbah(["identities", ...argv], {
      env: { KASBAH_STATE_DIR: ledger.stateDirectory },
      clock: { ...systemClock, now: () => new Date(noon) },
    });

  it("lists the identities that have a certificate, sorted, with one line per pod", async () => {
    const [a, b] = [
      issued({ spiffeId: spiffe("b") }),
      issued({ spiffeId: spiffe("a"), serial: "1".repeat(32) }),
    ];
    const other = issued({ spiffeId: "spiffe://cluster.local/ns/other/sa/c" });
    await ledger.write(authorityStage(), a, b, issued({ notAfter: iso(noon - 1_000) }), other);
    const { said } = await identities("--in", "demo");
    assert.equal(
      said,
      `2 identities in spiffe://cluster.local with a valid certificate at 2030-01-01T12:00:00Z
NAME           POD  NODE  SERIAL        EXPIRES  AUTHORITY
/ns/demo/sa/a  p    -     111111111111  in 1h    root-1
/ns/demo/sa/b  p    -     ${a.serial.slice(0, 12)}  in 1h    root-1
`,
    );
    assert.match((await identities()).said, /^3 identities in /);
    const json = JSON.parse((await identities("--json", "--in", "other")).said);
    const identity = { slot: "0", index: 4, authorityId: "root-1", entry: other };
    assert.deepEqual(json, { at: iso(noon), identities: [identity] });
  });

  it("reports that no identity has a certificate", async () => {
    await ledger.write(refused());
    assert.equal(
      (await identities()).said,
      "0 identities with a valid certificate at 2030-01-01T12:00:00Z\n",
    );
  });
});

/** An independent reader for RFC 4180. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const fields = /(?:"((?:[^"]|"")*)"|([^",\r\n]*|[^",\n]*?))(,|\r\n|$)/gy;
  for (let match = fields.exec(text); match !== null && match[0] !== ""; match = fields.exec(text)) {
    const [, quoted, plain = "", end] = match;
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\r\n") rows.push([]);
  }
  assert.deepEqual(rows.pop(), []);
  return rows;
}
