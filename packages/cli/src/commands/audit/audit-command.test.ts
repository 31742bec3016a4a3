import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { servingEntry } from "@kasbah/ledger";
import { createKeyPair } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority } from "@kasbah/testkit";
import { authorityStage, issued, noon, refused, sha256, spiffe, WrittenLedger } from "@kasbah/testkit/ledger";
import { CliError } from "../../errors.ts";
import type { CommandDeps } from "../command-deps.ts";
import { runKasbah } from "../run-kasbah.fixture.ts";

const iso = (ms: number) => new Date(ms).toISOString();
const hostile = "\u001b[2J\u202e\nforged\u2028line\r";
const now = new Date(noon + 7_200_000);

describe("kasbah audit", () => {
  let ledger: WrittenLedger;
  let complaints: string;

  beforeEach(async () => {
    ledger = await WrittenLedger.make();
    complaints = "";
  });
  afterEach(() => ledger.remove());

  const stderr = new Writable({
    write(chunk, _encoding, done) {
      complaints += chunk;
      done();
    },
  });
  const run = (argv: readonly string[], changes: Partial<CommandDeps> = {}) =>
    runKasbah(argv, {
      env: { KASBAH_STATE_DIR: ledger.stateDirectory },
      clock: { ...systemClock, now: () => now },
      stderr,
      ...changes,
    });
  const audit = (...argv: string[]) => run(["audit", ...argv]);

  const hostileCertificate = () =>
    issued({
      rule: hostile,
      peerAddress: hostile,
      referenceId: hostile,
      ignored: [hostile],
      caller: {
        spiffeId: hostile,
        kind: "jwks-token",
        issuer: hostile,
        pod: { name: hostile, uid: hostile },
        node: hostile,
        disregarded: [hostile],
      },
    });

  it("escapes control characters of the ledger on the operator's terminal", async () => {
    const certificate = hostileCertificate();
    await ledger.write(
      certificate,
      refused({ spiffeId: hostile, peerAddress: hostile, referenceId: hostile }),
      refused({ peerAddress: hostile }),
      authorityStage({ authority: hostile, stage: hostile, from: hostile }),
      { ...operatorEntry(), act: hostile, operatorUnverified: hostile, reason: hostile },
      issued({ spiffeId: `spiffe://cluster.local/${hostile}`, notAfter: iso(noon + 9_000_000) }),
    );
    for (const argv of [
      ["audit", "who", spiffe("frontend")],
      ["audit", "cert", certificate.serial],
      ["audit", "tail"],
      ["audit", "tail", "--json"],
      ["audit", "who", spiffe("frontend"), "--json"],
      ["identities"],
    ]) {
      const { said, error } = await run(argv);
      assert.equal(error, undefined, argv.join(" "));
      assert.ok(said.length > 50, argv.join(" "));
      assert.equal(said.split("\n").filter((line) => line.startsWith("forged")).length, 0, said);
      for (const character of ["\u001b", "\u202e", "\u2028", "\r"])
        assert.ok(!said.includes(character), said);
    }
  });

  it("reports entries that it cannot read, and continues", async () => {
    await ledger.write(issued(), "garbage");
    const { exitCode } = await audit("who", spiffe("frontend"));
    assert.equal(exitCode, 0);
    assert.equal(complaints, "kasbah: 1 line of the ledger cannot be read; kasbah audit verify lists them\n");
  });

  it("reports a missing ledger, and rejects an invalid SPIFFE ID or time", async () => {
    assert.equal(
      (await audit("tail", "--state-dir", join(ledger.stateDirectory, "no"))).error?.code,
      "STATE_MISSING",
    );
    assert.equal((await audit("who", "demo/frontend")).error?.code, "SPIFFE_ID_MALFORMED");
    const local = await audit("who", spiffe("frontend"), "--at", "2030-01-01T12:00:00");
    assert.equal(local.error?.code, "commander.invalidArgument");
    assert.equal((await audit("export")).error?.code, "commander.missingMandatoryOptionValue");
  });

  describe("who", () => {
    it("prints the certificate that was valid at an instant", async () => {
      const certificate = issued({ time: iso(noon), authority: sha256("authority") });
      await ledger.write(authorityStage(), certificate, issued({ spiffeId: spiffe("frontend-2") }));
      const { said, exitCode } = await audit("who", spiffe("frontend"), "--at", "-90m");
      assert.equal(exitCode, 0);
      assert.equal(
        said,
        `${spiffe("frontend")}  1 certificate at 2030-01-01T12:30:00Z (1h 30m ago)
  serial      ${certificate.serial}
  valid       2030-01-01T11:58:00Z to 2030-01-01T13:00:00Z (1h ago)
  issued      2030-01-01T12:00:00Z (2h ago)
  pod         p (u)
  from        10.0.0.1:5
  credential  jwks-token of https://issuer.test
  rule        default
  authority   root-1 (SHA-256 ${certificate.authority.slice(0, 16)})
  reference   ${certificate.referenceId}
  entry       1
`,
      );
      assert.ok(Math.max(...said.split("\n").map(({ length }) => length)) <= 100, said);
    });

    it("includes the first and the last second of a certificate, and notes if it was not issued yet", async () => {
      await ledger.write(issued());
      for (const [at, code] of [
        ["2030-01-01T11:57:59.999Z", 1],
        ["2030-01-01T11:58:00Z", 0],
        ["2030-01-01T14:00:00.999+01:00", 0],
        ["2030-01-01T13:00:01Z", 1],
      ] as const)
        assert.equal((await audit("who", spiffe("frontend"), "--at", at)).exitCode, code, at);
      const early = await audit("who", spiffe("frontend"), "--at", "2030-01-01T11:59:00Z");
      assert.match(early.said, /\n {2}! issued after that time/);
    });

    it("fails if no certificate was valid, and prints the first and the last one in the ledger", async () => {
      await ledger.write(issued(), issued({ time: iso(noon + 3_000_000) }));
      const { said, exitCode } = await audit("who", spiffe("frontend"), "--at", "-3d");
      assert.equal(exitCode, 1);
      assert.equal(
        said,
        `no certificate for ${spiffe("frontend")} was valid at 2029-12-29T14:00:00Z (3d ago)\n` +
          "the first in the ledger became valid 2030-01-01T11:58:00Z (2h 2m ago), the last expired 2030-01-01T13:50:00Z (10m ago)\n",
      );
      const unknown = await audit("who", spiffe("front"));
      assert.deepEqual(
        [unknown.exitCode, unknown.said],
        [1, `the ledger has no certificate for ${spiffe("front")}\n`],
      );
    });

    it("prints the newest of ten thousand certificates, and reports that more exist", async () => {
      await ledger.write(...Array.from({ length: 10_000 }, () => issued()));
      const { said } = await audit("who", spiffe("frontend"), "--limit", "2");
      assert.match(
        said,
        /\n {2}entry {7}9999\n\n[\s\S]*\n {2}entry {7}9998\n\nmore certificates exist: raise --limit to show them\n$/,
      );
    });

    it("prints the entries as JSON", async () => {
      const [first, last] = [issued(), issued({ time: iso(noon + 1_000) })];
      await ledger.write(authorityStage(), first, last);
      const { said } = await audit("who", spiffe("frontend"), "--json", "--at", "2030-01-01T12:00:00Z");
      const record = (entry: object, index: number) => ({ slot: "0", index, authorityId: "root-1", entry });
      const expected = { spiffeId: spiffe("frontend"), at: "2030-01-01T12:00:00.000Z" };
      const certificates = [record(last, 2), record(first, 1)];
      assert.deepEqual(JSON.parse(said), { ...expected, certificates, more: false, onRecord: null });
      const none = JSON.parse((await audit("who", spiffe("frontend"), "--json", "--at", "-1d")).said);
      assert.deepEqual(none.onRecord, { first: record(first, 1), last: record(last, 2) });
    });
  });

  describe("cert", () => {
    async function realCertificate() {
      const root = await createTestAuthority("cluster.local");
      const { publicKey } = await createKeyPair("P-256");
      const validity = { notBefore: new Date(noon), notAfter: new Date(noon + 3_600_000) };
      const names = [{ kind: "uri", value: spiffe("frontend") }] as const;
      const certificate = await root.issue({ publicKey, ...validity, names });
      const file = join(ledger.stateDirectory, "leaf.pem");
      await writeFile(file, certificate.toPem());
      return { certificate, file };
    }

    it("finds a serving certificate of the CA by its file, and lists it in the tail", async () => {
      const { certificate, file } = await realCertificate();
      const { serial, fingerprint, publicKey, notBefore, notAfter } = certificate;
      const validity = { notBefore: notBefore.toISOString(), notAfter: notAfter.toISOString() };
      const facts = {
        serial,
        fingerprint,
        spkiHash: publicKey.hash,
        authority: sha256("authority"),
        ...validity,
      };
      await ledger.write(
        authorityStage(),
        servingEntry({ ...facts, names: "istiod.istio-system.svc" }, new Date(noon)),
      );
      const { said, exitCode } = await audit("cert", file);
      assert.equal(exitCode, 0);
      assert.match(
        said,
        /^serving certificate of the CA\n {2}serial +[0-9a-f]+\n[\s\S]*names +istiod\.istio-system\.svc/,
      );
      assert.match(said, /authority +root-1 \(SHA-256/);
      const { certificates, serving } = JSON.parse((await audit("cert", serial, "--json")).said);
      assert.deepEqual(
        [certificates, serving.length, serving[0].entry.act],
        [[], 1, "issue-serving-certificate"],
      );
      assert.match((await audit("tail")).said, /serving {4}istiod\.istio-system\.svc/);
    });

    it("distinguishes a certificate from another one with the same serial", async () => {
      const { certificate, file } = await realCertificate();
      await ledger.write(issued({ serial: certificate.serial }));
      const { said, exitCode } = await audit("cert", file);
      assert.equal(exitCode, 1);
      assert.match(
        said,
        /^the ledger does not contain this certificate, SHA-256 [0-9a-f]{64}\n! it contains a different certificate /,
      );
      const json = JSON.parse((await audit("cert", file, "--json")).said);
      assert.deepEqual([json.certificates.length, json.sameSerial.length], [0, 1]);
      const { serial, fingerprint } = certificate;
      await ledger.write(issued({ serial, fingerprint }));
      const found = await audit("cert", file);
      assert.deepEqual([found.exitCode, found.said.includes("only its serial")], [0, false]);
    });

    it("accepts serials and fingerprints in every format that common tools print", async () => {
      const certificate = issued({ serial: "0a1b2c" });
      await ledger.write(certificate);
      const colons = (certificate.fingerprint.match(/../g) ?? []).join(":").toUpperCase();
      for (const target of ["0a1b2c", "0A:1B:2C", "A1B2C", "0xa1b2c", certificate.fingerprint, colons]) {
        const { said, exitCode } = await audit("cert", target);
        assert.equal(exitCode, 0, target);
        assert.match(said, new RegExp(`^${spiffe("frontend")}\n {2}serial +0a1b2c\n`), target);
      }
      const none = await audit("cert", "ff");
      assert.deepEqual([none.exitCode, none.said], [1, "the ledger has no certificate with the serial ff\n"]);
      assert.equal((await audit("cert", "no-such.pem")).error?.code, "TARGET_UNREACHABLE");
    });
  });

  describe("tail", () => {
    it("prints the last entries, one per line", async () => {
      const [denied, stranger] = [refused({ spiffeId: spiffe("backend") }), refused()];
      await ledger.write(
        issued(),
        denied,
        stranger,
        authorityStage({ from: "distributed" }),
        operatorEntry(),
      );
      const { said } = await audit("tail", "--lines", "4");
      assert.equal(
        said,
        `2030-01-01T12:00:00Z  refused    ${spiffe("backend")}  ${denied.referenceId}  IDENTITY_NOT_ALLOWED
2030-01-01T12:00:00Z  refused    unauthenticated caller at 10.0.0.1:5  ${stranger.referenceId}  IDENTITY_NOT_ALLOWED
2030-01-01T12:00:00Z  authority  root-1 distributed -> active  signs
2030-01-01T12:00:00Z  operator   rotate accepted  by alice
`,
      );
    });

    it("follows across segments and retention until Ctrl-C, which is not a failure", async () => {
      await ledger.write(issued());
      const stop = new AbortController();
      let rounds = 0;
      const sleep = async () => {
        rounds += 1;
        if (rounds === 1) await ledger.write(issued());
        if (rounds === 2) {
          ledger.roll();
          await ledger.write(issued(), issued());
          await rm((await ledger.segments())[0]?.path ?? "");
        }
        if (rounds === 4) stop.abort(new CliError("INTERRUPTED", "stop"));
      };
      const changes = { signal: stop.signal, clock: { ...systemClock, now: () => now, sleep } };
      const { said, error } = await run(["audit", "tail", "-f", "--json"], changes);
      assert.equal(error, undefined);
      const lines = said
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      assert.deepEqual(
        lines.map(({ index }) => index),
        [0, 1, 2, 3],
      );
      assert.equal(lines[3].entry.kind, "issued");
    });
  });
});

function operatorEntry() {
  return {
    v: 2,
    kind: "operator",
    time: iso(noon),
    act: "rotate",
    operatorUnverified: "alice",
    outcome: "accepted",
  } as const;
}
