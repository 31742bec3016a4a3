import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { OverviewMessage } from "@kasbah/protocol";
import { generatedFile } from "../shipped-files.ts";
import {
  authority,
  codesOf,
  days,
  findingOf,
  intermediate,
  judge,
  lately,
  machine,
  minutes,
  now,
  sound,
  stopped,
  well,
} from "./facts.fixture.ts";
import type { ReplicaFacts, StatusFacts } from "./status-facts.ts";

const overview = (changes: Partial<OverviewMessage>) => machine({ overview: { ...well, ...changes } });
const ledger = (changes: Partial<OverviewMessage["ledger"]>) =>
  overview({ ledger: { ...well.ledger, ...changes } });
const refused = (code: string, ...counts: number[]) =>
  overview({ activity: { ...well.activity, refused: [{ code, counts: lately(...counts) }] } });
const handshakes = (code: string, count: number) =>
  overview({ activity: { ...well.activity, handshakes: [{ code, counts: lately(count) }] } });
const signers = (...authorities: readonly ReturnType<typeof authority>[]) =>
  machine({ authorities: { ...sound, authorities } });
const identities = (live: number, late: number) => {
  const soonest = [{ spiffeId: "spiffe://a/ns/b/sa/c", serial: "01", notBefore: now, notAfter: minutes(9) }];
  return overview({ identities: { live, late, soonest, partial: false } });
};
const dead = (code: string, what = "it is so", more: Partial<ReplicaFacts> = {}) =>
  stopped({ stopped: { obstacles: [{ code, what }] }, ...more });

/** Each situation, and the findings that it must have, the worst first. */
const situations: readonly (readonly [string, StatusFacts, readonly string[]])[] = [
  // Hostile answers first.
  [
    "escapes in a reason",
    overview({ ready: false, reasons: ["\u001b[2J\u009b"] }),
    ["critical CALLERS_UNKNOWN"],
  ],
  ["an unready CA without a reason", overview({ ready: false }), ["critical CA_NOT_READY"]],
  ["a code of a later release", refused("NEW_IN_2040", 1), ["warning NEW_IN_2040"]],
  ["a code that is a property of objects", refused("constructor", 1), ["warning constructor"]],
  ["a volume without a size", ledger({ diskSize: 0, diskFree: 0 }), []],
  ["a clock in the year 1", overview({ now: new Date(-6e13) }), ["critical ROOT_NOT_YET_VALID"]],
  ["no authority that signs", signers(authority({ signs: false })), ["critical NO_SIGNER"]],
  ["no authority at all", signers(), ["critical NO_SIGNER"]],
  // A CA that is well.
  ["a CA that is well", machine(), []],
  ["refusals of an hour ago", refused("TOKEN_AUDIENCE", 5, ...new Array(11).fill(0)), []],
  [
    "a retiring root that expires",
    signers(authority(), authority({ id: "old", signs: false, stage: "retiring", notAfter: days(1) })),
    [],
  ],
  // Authorities.
  [
    "an expired root",
    signers(authority({ notAfter: days(-1) }), { ...intermediate, notAfter: days(-2) }),
    ["critical ROOT_EXPIRED"],
  ],
  [
    "an expired intermediate",
    signers(authority(), { ...intermediate, notAfter: days(-1) }),
    ["critical INTERMEDIATE_EXPIRED"],
  ],
  [
    "an expired root and the port that is closed for it",
    machine({
      overview: {
        ...well,
        ready: false,
        reasons: ["issuer: root-1 has expired", "grpc: the port opens later"],
      },
      authorities: { ...sound, authorities: [authority({ notAfter: days(-1) }), intermediate] },
    }),
    ["critical ROOT_EXPIRED"],
  ],
  [
    "a port that is closed for another reason",
    machine({ overview: { ...well, ready: false, reasons: ["grpc: cannot listen"] } }),
    ["critical PORT_CLOSED"],
  ],
  ["a root from the future", signers(authority({ notBefore: days(300) })), ["critical ROOT_NOT_YET_VALID"]],
  [
    "a root in its last days",
    signers(authority({ notBefore: days(-3_000), notAfter: days(6) })),
    ["critical ROOT_EXPIRES_SOON"],
  ],
  [
    "an intermediate in its last month",
    signers(authority(), { ...intermediate, notBefore: days(-300), notAfter: days(20) }),
    ["warning INTERMEDIATE_EXPIRES_SOON"],
  ],
  [
    "a new intermediate with a lifetime of a day",
    signers(authority(), { ...intermediate, notBefore: days(-2), notAfter: days(1) }),
    [],
  ],
  [
    "that intermediate in its last hours",
    signers(authority(), { ...intermediate, notBefore: days(-2.8), notAfter: days(0.2) }),
    ["warning INTERMEDIATE_EXPIRES_SOON"],
  ],
  // Conditions that the CA reports.
  [
    "paused rotations",
    overview({ warnings: ["rotations are paused: none starts"] }),
    ["warning ROTATIONS_PAUSED"],
  ],
  [
    "manual rotations",
    overview({ warnings: ["rotations only start manually (--root-rotation manual)"] }),
    ["ok ROTATIONS_MANUAL"],
  ],
  [
    "another warning, twice",
    overview({ warnings: ["look at this", "look at this"] }),
    ["warning CA_WARNING"],
  ],
  [
    "a full disk",
    overview({
      ready: false,
      reasons: ["state: cannot be written: x (ENOSPC)"],
      ledger: { ...well.ledger, diskFree: 0 },
    }),
    ["critical DISK_FULL"],
  ],
  [
    "a full disk that the ledger met",
    ledger({ writable: false, failure: "x (ENOSPC)", diskFree: 0 }),
    ["critical DISK_FULL"],
  ],
  ["a read-only disk", ledger({ writable: false, failure: "x (EROFS)" }), ["critical LEDGER_UNAVAILABLE"]],
  ["a disk that fills up", ledger({ diskFree: 2 ** 30, diskSize: 20 * 2 ** 30 }), ["warning DISK_FILLING"]],
  ["a ledger near its maximum", ledger({ bytes: 9, limitBytes: 10 }), ["warning LEDGER_FILLING"]],
  ["a lost ledger", ledger({ loss: "the ledger is missing" }), ["critical LEDGER_LOST"]],
  [
    "a clock that is ahead",
    overview({ clock: { state: "suspect", reason: "8 years ahead", wallTime: days(2_920) } }),
    ["warning CLOCK_SUSPECT"],
  ],
  [
    "an unknown time",
    overview({
      ready: false,
      reasons: ["clock: unknown"],
      clock: { state: "unknown", reason: "booted", wallTime: now },
    }),
    ["critical CLOCK_SUSPECT"],
  ],
  // Callers.
  ["a pod with another audience", refused("TOKEN_AUDIENCE", 1), ["warning TOKEN_AUDIENCE"]],
  ["a call without a token", refused("TOKEN_MISSING", 3), ["ok TOKEN_MISSING"]],
  ["an outage that is over", refused("LEDGER_UNAVAILABLE", 3), ["warning LEDGER_UNAVAILABLE"]],
  ["one client with an old root file", handshakes("unknown_root", 1), ["warning CA_NOT_TRUSTED"]],
  ["clients that no longer trust the CA", handshakes("unknown_root", 30), ["critical CA_NOT_TRUSTED"]],
  ["a port scan", handshakes("closed", 5), []],
  ["a deleted workload", identities(42, 1), ["ok IDENTITIES_EXPIRE_SOON"]],
  ["a mesh that does not renew", identities(42, 30), ["warning IDENTITIES_EXPIRE_SOON"]],
  // A CA that does not run.
  ["a stopped CA", stopped(), ["critical CA_DOWN"]],
  [
    "a lost state",
    dead("STATE_MISSING", "lost", { authorities: undefined as never }),
    ["critical CA_DOWN", "critical STATE_MISSING"],
  ],
  ["an altered ledger", dead("LEDGER_DAMAGED"), ["critical CA_DOWN", "critical LEDGER_DAMAGED"]],
  ["a CA that hangs", dead("STATE_LOCKED"), ["critical CA_DOWN", "critical STATE_LOCKED"]],
  ["another obstacle", dead("AUTHORITY_MALFORMED"), ["critical CA_DOWN", "critical AUTHORITY_MALFORMED"]],
  [
    "a stopped CA on a full disk",
    stopped({ overview: { ...well, ledger: { ...well.ledger, writable: false, failure: "x (ENOSPC)" } } }),
    ["critical CA_DOWN", "critical DISK_FULL"],
  ],
  // What cannot be known.
  [
    "a CA of an earlier release",
    machine({ overview: undefined as never, missing: ["it is old"] }),
    ["warning STATUS_INCOMPLETE"],
  ],
];

describe("The status of a CA", () => {
  for (const [name, facts, expected] of situations)
    it(`is ${expected.join(" and ") || "ok"} for ${name}`, () => {
      const report = judge(facts);
      assert.deepEqual(codesOf(facts), expected);
      assert.equal(report.level, expected[0]?.split(" ")[0] ?? "ok");
      for (const { what, fix, page } of report.findings) {
        assert.notEqual(what, "");
        assert.notEqual(fix, "");
        assert.ok(existsSync(join(import.meta.dirname, "../../../..", page ?? "nowhere")), page ?? "no page");
      }
    });

  it("has only codes that kasbah why explains", async () => {
    const known = new Set(
      JSON.parse(await readFile(generatedFile("codes.json"), "utf8")).map(
        ({ code }: { code: string }) => code,
      ),
    );
    const codes = situations.flatMap(([, , expected]) => expected.map((one) => one.split(" ")[1]));
    assert.deepEqual(
      codes.filter((code) => !known.has(code)),
      ["NEW_IN_2040", "constructor"],
    );
  });

  it("bounds what a CA with endless reasons and codes can print", () => {
    const many = Array.from({ length: 5_000 }, (_, at) => `reason ${at}`);
    const codes = many.map((_, at) => ({ code: `CODE_${at}`, counts: lately(1) }));
    const facts = overview({
      ...{ ready: false, reasons: many, warnings: many },
      activity: { ...well.activity, refused: codes },
    });
    assert.ok(judge(facts).findings.length <= 150, String(judge(facts).findings.length));
  });

  it("names the command for the same CA in a fix", () => {
    const facts = signers(authority({ notAfter: days(-1) }));
    const named = { ...facts, source: { ...facts.source, flags: "--state-dir /srv/ca" } };
    assert.match(
      findingOf(named, "ROOT_EXPIRED").fix,
      /kasbah authority rotate --root --state-dir \/srv\/ca;/,
    );
  });

  it("shows the newest caller of a refusal, with the fix and the command that explains it", () => {
    const sample = { code: "TOKEN_AUDIENCE", problem: "it is for b", fix: "mount another" };
    const refusals = [
      {
        ...sample,
        time: minutes(-5),
        reference: "000000000001",
        caller: "10.0.0.1",
        callers: ["10.0.0.1", "10.0.0.3"],
      },
      { ...sample, time: minutes(-1), reference: "000000000002", caller: "10.0.0.2", callers: ["10.0.0.2"] },
    ];
    const facts = machine({ overview: refused("TOKEN_AUDIENCE", 2).replicas[0]?.overview ?? well, refusals });
    const { what, fix } = findingOf(facts, "TOKEN_AUDIENCE");
    assert.equal(what, "2 calls of 3 callers, such as 10.0.0.2, refused in 10 minutes: it is for b");
    assert.equal(fix, "mount another (kasbah why 000000000002)");
    const one = machine({
      overview: refused("TOKEN_AUDIENCE", 2).replicas[0]?.overview ?? well,
      refusals: refusals.slice(1),
    });
    assert.match(findingOf(one, "TOKEN_AUDIENCE").what, /^2 calls of 10\.0\.0\.2 refused/);
  });

  it("prefers the fix for the operator to the one that the caller was sent", () => {
    const [{ overview: of = well } = {}] = refused("IDENTITY_NOT_ALLOWED", 1).replicas;
    const told = { problem: "the policy denies it", fix: "ask the operator", reference: "000000000001" };
    const sample = { ...told, code: "IDENTITY_NOT_ALLOWED", time: now, caller: "a", callers: ["a"] };
    const { what, fix } = findingOf(machine({ overview: of, refusals: [sample] }), "IDENTITY_NOT_ALLOWED");
    assert.equal(what, "1 call of a refused in 10 minutes: the policy denies it");
    assert.equal(fix, "change the policy (kasbah why 000000000001)");
  });

  it("tells to start a stopped CA only if nothing else keeps it from issuing", () => {
    assert.equal(findingOf(stopped(), "CA_DOWN").fix, "start it: systemctl start kasbah-server");
    assert.match(findingOf(dead("STATE_MISSING"), "CA_DOWN").fix, /^fix what the findings below name/);
    const expired = stopped({
      authorities: { ...sound, authorities: [authority({ notAfter: days(-1) })] },
    });
    assert.match(findingOf(expired, "CA_DOWN").fix, /^fix what the findings below name/);
  });

  it("knows from the CA's reason whether a plugged-in intermediate came from a directory or from a CSR", () => {
    const own = [authority(), { ...intermediate, origin: "plugged-in", notAfter: days(-1) } as const];
    const fixFor = (situation: string) => {
      const reasons = [`issuer: intermediate-1 or its issuer has expired: x (docs/recover.md: ${situation})`];
      const facts = machine({
        overview: { ...well, ready: false, reasons },
        authorities: { ...sound, authorities: own },
      });
      assert.deepEqual(codesOf(facts), ["critical INTERMEDIATE_EXPIRED"]);
      return findingOf(facts, "INTERMEDIATE_EXPIRED").fix;
    };
    assert.match(fixFor("plugged-in-invalid"), /^put a valid CA into the directory/);
    assert.match(
      fixFor("adopted-invalid"),
      /^kasbah authority csr, have your PKI sign it, then kasbah authority adopt/,
    );
  });

  it("has a command as the fix of each thing that keeps a CA from starting", () => {
    const fixes: Readonly<Record<string, RegExp>> = {
      STATE_MISSING:
        /^mv \/var\/lib\/kasbah \/var\/lib\/kasbah.lost && kasbah restore BACKUP --state-dir \/var\/lib\/kasbah;/,
      LEDGER_DAMAGED: /: mv \/var\/lib\/kasbah\/ledger\/0 \/var\/lib\/kasbah\/ledger-0.damaged$/,
      CLOCK_SUSPECT: /kasbah clock accept$/,
      AUTHORITY_INCOMPLETE: /kasbah authority rotate$/,
    };
    for (const [code, fix] of Object.entries(fixes)) assert.match(findingOf(dead(code), code).fix, fix);
    const root = stopped({
      stopped: { obstacles: [{ code: "AUTHORITY_INCOMPLETE", what: "gone", authority: "root-1" }] },
    });
    assert.match(findingOf(root, "AUTHORITY_INCOMPLETE").fix, /kasbah authority rotate --root$/);
  });
});
