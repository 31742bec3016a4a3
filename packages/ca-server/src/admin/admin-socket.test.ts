import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { stat } from "node:fs/promises";
import type { DecisionEntry } from "@kasbah/ledger";
import {
  abortRotation,
  acceptClock,
  distrustAuthority,
  explainCall,
  explainIdentity,
  getAuthorityStatus,
  getClockStatus,
  getOverview,
  type Method,
  moveCaState,
  type OverviewMessage,
  pauseRotation,
  previewDistrust,
  resumeRotation,
  rotateAuthority,
  type StateHome,
} from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { grpcStatus, RpcError, type UnixSocket } from "@kasbah/runtime/rpc";
import { FakeClock, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { identityExplanation } from "../admission/identity-explanation.ts";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "../authorities/authorities-on-disk.fixture.ts";
import type { AuthorityOperations } from "../authorities/operations.ts";
import { CaError, StateError } from "../errors.ts";
import { caller, frontend, openPolicy, policyOf } from "../issuance/open-admission.fixture.ts";
import type { IssuancePolicy } from "../issuance/rules.ts";
import { decisionMessage } from "../recording/decision-message.ts";
import { refusedEntry } from "../recording/entries/refused-entry.ts";
import { MemoryLedger } from "../recording/memory-ledger.fixture.ts";
import { OperatorLog } from "../recording/operator-log.ts";
import { createAdminSocket } from "./admin-socket.ts";

const clockStatus = {
  state: "suspect",
  reason: "the clock is 8 years ahead",
  trustedTime: new Date("2030-01-01T00:00:00Z"),
  wallTime: new Date("2038-01-01T00:00:00Z"),
  bootMs: 5_000,
  replaced: [],
} as const;

const overview: OverviewMessage = {
  ...{ version: "1.2.3", replica: "kasbah-0", trustDomain: "cluster.local", role: "single" },
  ...{ now: new Date(1), startedAt: new Date(0), ready: true, reasons: [], warnings: [] },
  activity: { bucketMs: 60_000, endsAt: new Date(2), issued: [1], refused: [], handshakes: [] },
  ledger: {
    ...{ writable: true, failure: "", entries: 1, signed: 1, loss: "" },
    ...{ bytes: 1, limitBytes: 0, diskFree: 1, diskSize: 2 },
  },
  port: { connections: 0, maxConnections: 1, inFlight: 0, waiting: 0, workers: 1 },
  identities: { live: 0, late: 0, soonest: [], partial: false },
  clock: { state: "trusted", reason: "", wallTime: new Date(1) },
};

describe("AdminSocket", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;
  let operations: AuthorityOperations;
  let socket: UnixSocket;
  let channel: Http2Channel;
  let ledger: MemoryLedger;
  let disk: Map<string, DecisionEntry>;
  let policy: IssuancePolicy;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
    ca = await openOnDisk({ path: directory.path, clock });
    operations = ca.driver;
    const { logger } = ca;
    const current: AuthorityOperations = {
      status: () => operations.status(),
      rotate: (kind) => operations.rotate(kind),
      recall: (id) => operations.recall(id),
      continueRotation: () => operations.continueRotation(),
      pause: () => operations.pause(),
      resume: () => operations.resume(),
      abort: (options) => operations.abort(options),
    };
    const newReferenceId = () => "0123456789ab";
    const path = directory.join("admin.sock");
    ledger = new MemoryLedger();
    const { decisions } = ledger;
    policy = openPolicy;
    const move = async (to: StateHome) => {
      if (to === "directory") throw new StateError("STATE_CONFLICT", "two roots");
      return { from: "here", to: "there", rootFingerprint: "ab" };
    };
    const onRecord = { find: async (referenceId: string) => disk.get(referenceId) };
    disk = new Map();
    const admission = { decisions, onRecord, policy: { current: () => policy, path: "/etc/policy.yaml" } };
    const log = new OperatorLog({ log: ledger.log, clock });
    const { compromise, requests } = ca;
    const clockOperations = {
      status: () => clockStatus,
      accept: async () => ({ ...clockStatus, replaced: ["root-1"] }),
    };
    const acts = { operations: current, compromise, requests, clockOperations };
    const deps = { path, ...acts, log, admission, newReferenceId };
    const knownHeads = async () => ({ replica: "", heads: [] });
    const loss = {
      open: undefined,
      requireOpen: () => assert.fail("no loss is open"),
      accept: () => assert.fail("no loss is open"),
    };
    socket = createAdminSocket({
      ...deps,
      move,
      loss,
      knownHeads,
      overview: async ({ forMerging }) => (forMerging ? assert.fail("no merge") : overview),
      clock: systemClock,
      roll: Math.random,
      logger,
    });
    await socket.start();
    channel = new Http2Channel({ unixPath: path });
  });
  afterEach(async () => {
    channel.close();
    await socket.stop();
    await directory.remove();
  });

  const call = <Q, A>(method: Method<Q, A>, request: Q) =>
    channel.unary(method, request, { deadlineMs: 10_000, metadata: { "kasbah-operator": "alice" } });
  const refusalOf = (work: Promise<unknown>) =>
    work.then(
      () => assert.fail("it was not refused"),
      (error: unknown) => {
        assert.ok(error instanceof RpcError);
        return error;
      },
    );
  /** A valid leaf keeps the stages from passing immediately. */
  const issue = () =>
    ca.keeper.coverLeaf(ca.keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));

  it("moves the state, records the operator, and returns the code of a refused move", async () => {
    assert.equal((await call(moveCaState, { to: "secret" })).to, "there");
    const refusal = await refusalOf(call(moveCaState, { to: "directory" }));
    assert.match(refusal.message, /^STATE_CONFLICT: two roots/);
    const acts = ledger.entries.flatMap((entry) => (entry.kind === "operator" ? [entry] : []));
    assert.deepEqual(
      acts.map(({ act, outcome, operatorUnverified }) => [act, outcome, operatorUnverified]),
      [
        ["move", "accepted", "alice"],
        ["move", "refused", "alice"],
      ],
    );
  });

  it("denies other users access to the socket", async function () {
    assert.equal((await stat(directory.join("admin.sock"))).mode & 0o777, 0o600);
    if (process.getuid?.() !== 0) this.skip();
    const connect = `require("net").connect(${JSON.stringify(directory.join("admin.sock"))}).on("error", (e) => { console.log(e.code); }).on("connect", () => process.exit(9))`;
    const { stdout } = spawnSync(process.execPath, ["-e", connect], { uid: 65534, encoding: "utf8" });
    assert.equal(stdout.trim(), "EACCES");
  });

  it("returns a code and the reason when the state does not allow a command", async () => {
    await issue();
    await call(rotateAuthority, { kind: "root" });
    const second = await refusalOf(call(rotateAuthority, { kind: "root" }));
    assert.equal(second.code, grpcStatus.FAILED_PRECONDITION);
    assert.match(second.message, /^OPERATION_REFUSED: a rotation to root-2 is in progress/);
    const stale = await refusalOf(call(abortRotation, { ifEpoch: 1 }));
    assert.match(stale.message, /the epoch is 3, not 1/);
  });

  it("rejects an unknown kind of authority", async () => {
    const bytes = { encode: () => Buffer.from([0x0a, 0x01, 0x78]), decode: () => ({}) };
    const refusal = await refusalOf(call({ ...rotateAuthority, request: bytes }, {}));
    assert.notEqual(refusal.code, grpcStatus.OK);
    assert.equal(ca.keeper.state.rotation, undefined);
  });

  it("reports a full disk by its code, and an internal error only by its reference", async () => {
    const failing = (error: Error) => ({ ...operations, pause: () => Promise.reject(error) });
    operations = failing(new StateError("STATE_NOT_DURABLE", "no space left"));
    assert.equal((await refusalOf(call(pauseRotation, {}))).code, grpcStatus.UNAVAILABLE);
    operations = failing(new TypeError("a internal secret"));
    const { code, message } = await refusalOf(call(pauseRotation, {}));
    assert.equal(code, grpcStatus.INTERNAL);
    assert.match(message, /0123456789ab/);
    assert.doesNotMatch(message, /internal secret/);
  });

  it("applies an operator's command and logs it under the operator's unverified name", async () => {
    await issue();
    const begun = await call(rotateAuthority, { kind: "root" });
    assert.deepEqual([begun.rotation?.to, begun.rotation?.stage], ["root-2", "distributed"]);
    assert.equal((await call(pauseRotation, {})).paused, true);
    assert.equal((await call(resumeRotation, {})).paused, false);
    const aborted = await call(abortRotation, { ifEpoch: ca.keeper.state.epoch });
    assert.equal(aborted.rotation, undefined);
    const acts = ca.logger.events.filter(({ event }) => event === "operator action applied");
    const ofAct = { operatorUnverified: "alice" };
    assert.deepEqual(
      acts.map(({ facts: { epoch: _, ...said } }) => said),
      [
        { act: "rotate", kind: "root", ...ofAct },
        { act: "pause", ...ofAct },
        { act: "resume", ...ofAct },
        { act: "abort", ifEpoch: aborted.epoch - 1, ...ofAct },
      ],
    );
    const recorded = ledger.entries.map(({ kind, v: _, time: __, ...said }) => said);
    const done = { ...ofAct, outcome: "accepted" };
    assert.deepEqual(recorded, [
      { act: "rotate", arguments: { kind: "root" }, ...done },
      { act: "pause", ...done },
      { act: "resume", ...done },
      { act: "abort", arguments: { ifEpoch: aborted.epoch - 1 }, ...done },
    ]);
  });

  it("applies no command that cannot be recorded, and records refused commands", async () => {
    ledger.isDown = true;
    const refusal = await refusalOf(call(pauseRotation, {}));
    assert.equal(refusal.code, grpcStatus.UNAVAILABLE);
    assert.match(refusal.message, /^LEDGER_UNAVAILABLE: nothing was done/);
    assert.equal(ca.driver.status().paused, false);
    ledger.isDown = false;
    await refusalOf(call(abortRotation, { ifEpoch: 1 }));
    const [entry] = ledger.entries;
    assert.ok(entry?.kind === "operator");
    assert.deepEqual([entry.act, entry.outcome], ["abort", "refused"]);
    assert.match(entry.reason ?? "", /no rotation/);
  });

  it("reports an overview without a log line or an entry, and a failure only by its reference", async () => {
    assert.deepEqual(await call(getOverview, { forMerging: false }), overview);
    assert.deepEqual(ledger.entries, []);
    const { code, message } = await refusalOf(call(getOverview, { forMerging: true }));
    assert.deepEqual([code, /no merge/.test(message)], [grpcStatus.INTERNAL, false]);
  });

  it("reports the clock, and records an operator who accepts it with both times", async () => {
    assert.deepEqual(await call(getClockStatus, {}), clockStatus);
    assert.deepEqual((await call(acceptClock, {})).replaced, ["root-1"]);
    const [entry] = ledger.entries;
    assert.ok(entry?.kind === "operator");
    assert.deepEqual(
      [entry.act, entry.operatorUnverified, entry.outcome],
      ["accept-clock", "alice", "accepted"],
    );
    assert.deepEqual(entry.arguments, {
      trustedTime: "2030-01-01T00:00:00.000Z",
      wallTime: "2038-01-01T00:00:00.000Z",
    });
  });

  it("explains a call that is still in memory, down to the last cause", async () => {
    const time = new Date("2030-01-01T00:00:00.123Z");
    const facts = { expected: "this", seen: "that", fix: "do so", rule: "payments" };
    const cause = new Error("connect ECONNREFUSED");
    const error = new CaError("AUTHENTICATOR_UNAVAILABLE", "tokens cannot be verified", { ...facts, cause });
    const known = { caller: { ...caller, disregarded: ["TOKEN_EXPIRED"] }, subject: frontend };
    const { code } = error;
    const { decisions } = ledger;
    await decisions.refused({ referenceId: "abc123", time, code, peerAddress: "10.0.0.1:5", known, error });
    const explained = await call(explainCall, { referenceId: "abc123" });
    const entry = decisions.find("abc123");
    assert.ok(entry);
    assert.deepEqual(explained, decisionMessage(entry));
    assert.deepEqual(explained.causes, ["connect ECONNREFUSED"]);
    assert.deepEqual(explained.time, time);
  });

  it("explains a call that only the ledger on disk contains", async () => {
    const error = new CaError("TOKEN_MISSING", "no token");
    const known = {};
    const [time, peerAddress] = [new Date("2030-01-01T00:00:00Z"), "10.0.0.1:5"];
    const entry = refusedEntry({ referenceId: "abc125", time, code: error.code, peerAddress, known, error });
    disk.set("abc125", entry);
    assert.deepEqual(await call(explainCall, { referenceId: "abc125" }), decisionMessage(entry));
  });

  it("gives the possible reasons when a call is not recorded", async () => {
    for (const referenceId of ["", "abc124", "__proto__", "x".repeat(10_000)]) {
      const { code, message } = await refusalOf(call(explainCall, { referenceId }));
      assert.equal(code, grpcStatus.FAILED_PRECONDITION);
      assert.match(
        message,
        /^OPERATION_REFUSED: no call with this reference is recorded here: .* search the logs/,
      );
    }
  });

  it("explains which rule currently applies to an identity, and its terms", async () => {
    const spiffeId = frontend.toString();
    const open = await call(explainIdentity, { spiffeId });
    assert.deepEqual([open.rule, open.allowed, open.maxTtl], ["default", true, openPolicy.maxTtlMs]);
    policy = policyOf({ allow: false, reason: "no batch jobs", keyTypes: ["P-256"] });
    assert.deepEqual(
      await call(explainIdentity, { spiffeId }),
      identityExplanation(frontend, policy, "/etc/policy.yaml"),
    );
  });

  it("rejects an identity that a workload cannot have", async () => {
    for (const spiffeId of ["", "frontend", "spiffe://cluster.local", "spiffe://cluster.local/ns/a/sa/b/c"]) {
      const { code, message } = await refusalOf(call(explainIdentity, { spiffeId }));
      assert.equal(code, grpcStatus.FAILED_PRECONDITION, spiffeId);
      assert.match(message, /expected spiffe:\/\/<trust domain>\/ns\/<namespace>\/sa\/<service account>/);
    }
  });

  it("returns the status exactly as the CA sees it, with times in milliseconds", async () => {
    await issue();
    await ca.driver.rotate("intermediate");
    assert.deepEqual(await call(getAuthorityStatus, {}), ca.driver.status());
  });

  describe("distrust", () => {
    const outcomes = () =>
      ledger.entries.flatMap((entry) =>
        entry.kind === "operator" ? [[entry.act, entry.outcome, entry.arguments]] : [],
      );

    it("shows in a dry run what it would do, records nothing and changes nothing", async () => {
      const { removed, creates } = await call(previewDistrust, { id: "root-1" });
      assert.deepEqual([removed, creates], [["root-1", "intermediate-1"], "root"]);
      assert.deepEqual(outcomes(), []);
      assert.equal(ca.keeper.state.signerId, "intermediate-1");
    });

    it("is in the ledger before it takes effect, and not done if it cannot be recorded", async () => {
      ledger.isDown = true;
      const refusal = await refusalOf(call(distrustAuthority, { id: "root-1" }));
      assert.match(refusal.message, /^LEDGER_UNAVAILABLE/);
      assert.equal(ca.keeper.state.signerId, "intermediate-1");
      ledger.isDown = false;
      const { authorities } = await call(distrustAuthority, { id: "root-1" });
      assert.deepEqual(
        authorities.map(({ id, stage, distrustedAt }) => [id, stage, distrustedAt !== undefined]),
        [
          ["root-1", "retired", true],
          ["intermediate-1", "retired", true],
          ["root-2", "active", false],
          ["intermediate-2", "active", false],
        ],
      );
      assert.deepEqual(outcomes(), [["distrust", "accepted", { id: "root-1" }]]);
    });

    it("is recorded as refused if the state does not allow it", async () => {
      const refusal = await refusalOf(call(distrustAuthority, { id: "root-9" }));
      assert.match(refusal.message, /^OPERATION_REFUSED: there is no authority root-9/);
      assert.deepEqual(outcomes(), [["distrust", "refused", { id: "root-9" }]]);
    });
  });
});
