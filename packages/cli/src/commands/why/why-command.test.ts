import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { encodeEntry } from "@kasbah/ledger";
import type { DecisionMessage, IdentityExplanationMessage } from "@kasbah/protocol";
import {
  type FakeAuthorityAdmin,
  startFakeAuthorityAdmin,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { issued, refused, WrittenLedger } from "@kasbah/testkit/ledger";
import { runKasbah } from "../run-kasbah.fixture.ts";

const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";
const referenceId = "9f2c51d07ab4";

const decision: DecisionMessage = {
  referenceId,
  traceId: "",
  time: new Date("2029-12-31T23:59:00Z"),
  code: "TOKEN_AUDIENCE",
  peerAddress: "10.0.0.7:40000",
  caller: "",
  credential: "",
  pod: "",
  node: "",
  subject: "",
  rule: "",
  problem: "the token is for another audience",
  expected: 'aud to contain one of ["istio-ca"]',
  seen: '["vault"]',
  fix: "mount a token with that audience",
  causes: ["the nearest cause", "and the underlying cause"],
  serial: "",
  ignored: [],
  disregarded: ["CLIENT_CERTIFICATE_REJECTED"],
};

const explanation: IdentityExplanationMessage = {
  spiffeId: frontend,
  rule: "demo",
  policyFile: "/etc/kasbah/policy.yaml",
  allowed: true,
  defaultTtl: 3_600_000,
  maxTtl: 43_200_000,
  onExcess: "clamp",
  keyTypes: ["P-256"],
  dnsNames: ["frontend.demo.svc"],
  onForeignNames: "refuse",
  onSharedKey: "count",
  rate: "6 per minute, burst of 2",
  reason: "",
  issuerRules: [],
};

describe("kasbah why", () => {
  let directory: TemporaryDirectory;
  let ca: FakeAuthorityAdmin;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    ca = await startFakeAuthorityAdmin(directory.join("admin.sock"));
  });
  afterEach(async () => {
    await ca.close();
    await directory.remove();
  });

  const why = (...argv: string[]) =>
    runKasbah(["why", ...argv], { env: { KASBAH_STATE_DIR: directory.path } });

  it("contacts no CA if the argument is neither a reference nor a SPIFFE ID, and explains what is expected", async () => {
    for (const subject of ["", "9f2c", "9F2C51D07AB4", "9f2c51d07ab4 ", "demo/frontend", "../admin.sock"]) {
      const { error } = await why(subject);
      assert.equal(error?.code, "TARGET_INVALID", subject);
      assert.match(String(error?.message), /12 hexadecimal digits/);
    }
    assert.deepEqual(ca.calls, []);
  });

  it("explains a code of the CA from the pages, in lines of at most 80 characters, without a CA", async () => {
    const { said } = await why("TOKEN_AUDIENCE");
    assert.match(said, /^TOKEN_AUDIENCE {2}Authentication\n {2}cause {3}the token is for another audience\n/);
    assert.match(said, /^ {2}fix {5}the pod: project a token for --token-audience \(istio-ca\)$/m);
    assert.ok(
      said.split("\n").every((line) => line.length <= 80),
      said,
    );
    assert.deepEqual(ca.calls, []);
  });

  it("explains a code of the agent, and every meaning of a code that several programs use", async () => {
    const { said } = await why("token_empty");
    assert.match(
      said,
      /^TOKEN_EMPTY {2}The agent\n {2}cause {2}the token file is empty\n {2}agent {2}retries$/m,
    );
    assert.match(said, /^ {2}log {4}warn$/m);
    assert.match((await why("INTERRUPTED")).said, /^ {2}exit {3}exits with 130$/m);
    const meanings: unknown[] = JSON.parse((await why("TOKEN_EXPIRED", "--json")).said);
    assert.equal(meanings.length, 2);
    assert.match((await why("OVERLOADED")).said, /max-in-flight/);
  });

  it("explains a finding of the doctor, with its fix and its page", async () => {
    const { said, error } = await runKasbah(["why", "CLOCK_AHEAD"]);
    assert.equal(error, undefined);
    assert.match(
      said,
      /^CLOCK_AHEAD {2}A finding of the doctor\n {2}cause {2}the local clock differs[\s\S]* fix +set the local clock/,
    );
    assert.match(said, /page +docs\/doctor\.md/);
  });

  it("names the pages that the explanation of a code links to", async () => {
    assert.match((await why("OVERLOADED")).said, /^ {2}see {5}.*docs\/runbooks\/overloaded\.md$/m);
    assert.match((await why("CSR_MALFORMED")).said, /^ {2}see {5}docs\/refusals\.md#accepted-csrs$/m);
    assert.doesNotMatch((await why("TOKEN_AUDIENCE")).said, /^ {2}see/m);
  });

  it("suggests the nearest code for one that does not exist", async () => {
    for (const [text, nearest] of [
      ["TOKEN_AUDIENC", "TOKEN_AUDIENCE"],
      ["AUDIENCE_WRONG", "TOKEN_AUDIENCE"],
    ] as const) {
      const { error } = await why(text);
      assert.equal(error?.code, "TARGET_INVALID");
      assert.match(String(error?.message), new RegExp(`did you mean ${nearest}\\?`));
    }
  });

  it("reports that the CA has no record of the call", async () => {
    const { error } = await why(referenceId);
    assert.equal(error?.code, "OPERATION_REFUSED");
    assert.match(String(error?.message), /no call with this reference/);
  });

  it("reads calls of authenticated and unauthenticated callers from the ledger of a stopped CA", async () => {
    await ca.close();
    const ledger = await WrittenLedger.make();
    try {
      const known = issued();
      const stranger = refused({ problem: "no token" });
      await ledger.write(known);
      const line = `${Buffer.from(encodeEntry(stranger))}\n`;
      await writeFile(`${ledger.directory.unauthenticated}/newest.jsonl`, line);
      const read = (...argv: string[]) =>
        runKasbah(["why", ...argv], { env: { KASBAH_STATE_DIR: ledger.stateDirectory } });
      assert.match((await read(known.referenceId)).said, /^[0-9a-f]{12} {2}a certificate was issued\n/);
      assert.equal(JSON.parse((await read(stranger.referenceId, "--json")).said).problem, "no token");
      const { error } = await read("0".repeat(12));
      assert.equal(error?.code, "OPERATION_REFUSED");
      assert.match(
        String(error?.message),
        /no CA answers, and the ledger in .* has no call with this reference/,
      );
      assert.equal((await why(referenceId)).error?.code, "ADMIN_UNREACHABLE", "there has never been a CA");
    } finally {
      await ledger.remove();
    }
  });

  it("prints all details of a call, and leaves out those that are unknown", async () => {
    ca.decision = decision;
    const { said } = await why(referenceId);
    assert.equal(
      said,
      "9f2c51d07ab4  refused: TOKEN_AUDIENCE\n" +
        "  when         2029-12-31T23:59:00Z (1m ago)\n" +
        "  caller       not authenticated\n" +
        "  from         10.0.0.7:40000\n" +
        "  problem      the token is for another audience\n" +
        '  expected     aud to contain one of ["istio-ca"]\n' +
        '  seen         ["vault"]\n' +
        "  fix          mount a token with that audience\n" +
        "  disregarded  CLIENT_CERTIFICATE_REJECTED\n" +
        "  because      the nearest cause\n" +
        "               and the underlying cause\n",
    );
  });

  it("escapes control characters that a caller sent", async () => {
    ca.decision = { ...decision, seen: '"\u001b[2J\u202e"\nforged  line' };
    const { said } = await why(referenceId);
    for (const treacherous of ["\u001b", "\u202e"]) assert.ok(!said.includes(treacherous), said);
    assert.equal(said.split("\n").filter((line) => line.startsWith("forged")).length, 0);
  });

  it("finds a call by its trace id, and shows it", async () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    ca.decision = { ...decision, traceId };
    const { said } = await why(traceId);
    assert.deepEqual(ca.calls[0]?.request, { referenceId: traceId });
    assert.match(
      said,
      new RegExp(`^9f2c51d07ab4 {2}refused: TOKEN_AUDIENCE\n {2}trace +${traceId}\n {2}when `),
    );
  });

  it("prints the same as JSON", async () => {
    ca.decision = decision;
    const { said } = await why(referenceId, "--json");
    assert.deepEqual(JSON.parse(said), { ...decision, time: decision.time.toISOString() });
  });

  it("prints the rule of the CA's policy for an identity", async () => {
    ca.explanation = explanation;
    const { said } = await why(frontend);
    assert.deepEqual(ca.calls[0]?.request, { spiffeId: frontend });
    assert.match(
      said,
      /^spiffe:.*frontend {2}gets certificates\n {2}rule +demo\n {2}policy +\/etc\/kasbah\/policy\.yaml\n/,
    );
    assert.match(said, /lifetime +1h, at most 12h \(if more is requested: clamp\)/);
    const { said: json } = await why(frontend, "--json");
    assert.deepEqual(JSON.parse(json), explanation);
  });

  it("evaluates a policy file that no CA has loaded, without a CA", async () => {
    const file = directory.join("policy.yaml");
    await writeFile(file, "version: 1\ndefault: { allow: false, reason: closed on Sundays }\n");
    const { said } = await why(frontend, "--policy", file);
    assert.match(
      said,
      /gets no certificates\n {2}rule +default\n {2}policy .*policy\.yaml\n {2}reason +closed on Sundays\n$/,
    );
    assert.deepEqual(ca.calls, []);
    const { error } = await why(referenceId, "--policy", file);
    assert.equal(error?.code, "TARGET_INVALID");
  });
});

describe("kasbah policy check", () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  async function check(text: string, ...flags: string[]) {
    const file = directory.join("policy.yaml");
    await writeFile(file, text);
    return await runKasbah(["policy", "check", file, ...flags], { env: {} });
  }

  it("names every problem with its line, and fails", async () => {
    const { error } = await check(
      "version: 1\nrules:\n  - name: a\n    allow: 7\ndefault:\n  allow: true\n  ttl: { max: soon }\n",
    );
    assert.equal(error?.code, "POLICY_INVALID");
    assert.match(String(error?.message), /line 4: rules\.0\.allow .*\n.*line 7: default\.ttl\.max /);
  });

  it("lists the problems as JSON, and fails", async () => {
    const { said, exitCode } = await check("version: 2\n", "--json");
    const { valid, problems } = JSON.parse(said);
    assert.equal(valid, false);
    assert.equal(exitCode, 1);
    assert.match(problems.join(), /version: 1/);
  });

  it("reports how many rules a valid policy has", async () => {
    const good = "version: 1\nrules:\n  - { name: a, allow: true }\ndefault: { allow: false }\n";
    const { said, error } = await check(good);
    assert.equal(error, undefined);
    assert.match(said, /policy\.yaml is valid: 1 rule; identities that match no rule are refused\n$/);
    const { said: json } = await check(good, "--json");
    assert.deepEqual(JSON.parse(json), { valid: true, rules: 1, problems: [], warnings: [] });
  });

  it("refuses a name of the CA itself and an ambiguous template, with the line and the example", async () => {
    const text = `version: 1
rules:
  - name: mine
    allow: true
    dnsNames: [istiod.istio-system.svc, "{serviceAccount}.kasbah-system.svc", ca.corp.internal]
  - name: mixed
    allow: true
    dnsNames: ["{serviceAccount}-{namespace}.mesh.internal"]
default: { allow: true, dnsNames: ["{serviceAccount}.{namespace}.svc"] }
`;
    const { error, exitCode } = await check(text, "--server-san", "ca.corp.internal");
    assert.equal(error?.code, "POLICY_INVALID");
    const lines = String(error?.message).split("\n").slice(1);
    const place = (line: string) =>
      line
        .replace(/^ .*policy\.yaml /, "")
        .split(" ")
        .slice(0, 5)
        .join(" ");
    assert.deepEqual(lines.map(place), [
      "line 5: rules.0.dnsNames.0 DNS_NAME_RESERVED: istiod.istio-system.svc",
      "line 5: rules.0.dnsNames.1 DNS_NAME_RESERVED: {serviceAccount}.kasbah-system.svc",
      "line 5: rules.0.dnsNames.2 DNS_NAME_RESERVED: ca.corp.internal",
      "line 8: rules.1.dnsNames.0 DNS_TEMPLATE_AMBIGUOUS: {serviceAccount}-{namespace}.mesh.internal",
    ]);
    assert.match(
      lines[1] ?? "",
      /gives service account kasbah in example the name kasbah\.kasbah-system\.svc/,
    );
    assert.match(
      lines[3] ?? "",
      /service account \S+ in \S+ and service account \S+ in \S+ the same name \S+\.mesh/,
    );
    assert.equal(exitCode, 0);
  });

  it("warns about lifetimes below the floor of stock clients, and exits with 0", async () => {
    const short = "version: 1\ndefault: { allow: true, ttl: { max: 2m } }\n";
    const { said, error, exitCode } = await check(short);
    assert.deepEqual([error, exitCode], [undefined, 0]);
    assert.match(
      said,
      /is valid: 0 rules.*\n {2}warning: .*line 2: default\.ttl\.max TTL_BELOW_FLOOR: 2m is below 5m/,
    );
  });

  it("names a file that it cannot read", async () => {
    const { error } = await runKasbah(["policy", "check", "/nonexistent/policy.yaml"], { env: {} });
    assert.equal(error?.code, "POLICY_INVALID");
  });
});
