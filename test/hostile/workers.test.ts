import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { ClientHttp2Session } from "node:http2";
import { join } from "node:path";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { occurrencesInMemory } from "../harness/process-memory.ts";
import { recordedIn } from "../harness/recorded-entries.ts";
import { patienceMs, suiteTimeoutMs } from "../harness/until.ts";
import { isRunning, workerPids } from "../harness/worker-pids.ts";
import { controlCall, newWorkload, orderOf } from "./http2/control-call.ts";
import { callOn, dial, framed, type Outcome } from "./http2/grpc-call.ts";
import { steadyCallers } from "./workers/steady-callers.ts";

const flags = ["--workers", "2"];

describe("CA with two workers", function () {
  this.timeout(suiteTimeoutMs);
  let files: TemporaryDirectory;
  let ca: RunningCa;

  before(async function () {
    if (process.platform !== "linux") this.skip();
    files = await temporaryDirectory();
    const policy = { version: 1, default: { allow: true, rate: { perMinute: 1, burst: 60 } } };
    await writeFile(files.join("policy.yaml"), JSON.stringify(policy));
    ca = await startCa({ flags: [...flags, "--policy", files.join("policy.yaml")] });
  });

  after(async () => {
    await ca?.stop();
    await files?.remove();
  });

  /** Opens connections at the same time, so that they are spread over the workers. */
  async function withSessions<T>(
    count: number,
    use: (sessions: ClientHttp2Session[]) => Promise<T>,
  ): Promise<T> {
    const sessions = Array.from({ length: count }, () => dial(ca));
    try {
      return await use(sessions);
    } finally {
      for (const session of sessions) session.destroy();
    }
  }

  const statusesOf = (outcomes: readonly Outcome[]) =>
    Object.groupBy(outcomes, ({ status }) => String(status));

  it("issues exactly as many certificates to one pod as its rate allows, over connections to both workers", async () => {
    const { message, headers } = await newWorkload(ca);
    const outcomes = await withSessions(20, (sessions) =>
      Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          callOn(sessions[index % sessions.length] as ClientHttp2Session, framed(message), headers),
        ),
      ),
    );
    const { "0": issued = [], "8": limited = [] } = statusesOf(outcomes);
    assert.equal(issued.length + limited.length, 100);
    // A machine that needs more than a minute for this lets the pod have one more.
    assert.ok(issued.length === 60 || issued.length === 61, `${issued.length} issued`);
    assert.match(limited[0]?.message ?? "", /^RATE_LIMITED: /);
  });

  it("notices that two pods share a key, though each calls another worker", async () => {
    const [one, other] = [await newWorkload(ca), await newWorkload(ca)];
    const outcomes = await withSessions(2, async ([first, second]) => [
      await callOn(first as ClientHttp2Session, framed(one.message), one.headers),
      await callOn(second as ClientHttp2Session, framed(one.message), other.headers),
    ]);
    assert.deepEqual(Object.keys(statusesOf(outcomes)), ["0"]);
    assert.equal(await ca.process.metric("kasbah_duplicate_key_total"), 1);
  });

  it("spreads the connections of one address evenly, and sums them in its metrics", async () => {
    await withSessions(8, async (sessions) => {
      await Promise.all(
        sessions.map(async (session) => {
          const { message, headers } = await newWorkload(ca);
          assert.equal((await callOn(session, framed(message), headers)).status, 0);
        }),
      );
      await untilSeen("eight connections", patienceMs, async () =>
        (await ca.process.metric("kasbah_connections")) === 8 ? true : undefined,
      );
      for (const pid of await workerPids(ca)) assert.equal(socketsOf(pid), 4, `worker ${pid}`);
    });
    assert.equal(await ca.process.metric("kasbah_workers"), 2);
  });

  it("refuses with the same codes as one process: a malformed body, a bad CSR, and none without a token", async () => {
    const { headers } = await newWorkload(ca);
    await withSessions(1, async ([session]) => {
      const say = (body: Buffer, sent: object = headers) =>
        callOn(session as ClientHttp2Session, framed(body), { ...sent });
      assert.match((await say(Buffer.from("ff", "hex"))).message, /^REQUEST_MALFORMED: /);
      assert.match((await say(orderOf("no CSR"))).message, /^CSR_MALFORMED: .*one PEM block/);
      assert.match((await say(orderOf("no CSR"), {})).message, /^TOKEN_MISSING: /);
    });
  });

  it("contains no key of an authority in the memory of a worker", async () => {
    await controlCall(ca);
    const keys = readdirSync(join(ca.stateDir, "authorities")).flatMap((id) =>
      scalarsOf(join(ca.stateDir, "authorities", id, "ca-key.pem")),
    );
    assert.ok(
      occurrencesInMemory(ca.pid, keys).some((count) => count > 0),
      "the main process signs",
    );
    for (const pid of await workerPids(ca)) {
      assert.deepEqual(
        occurrencesInMemory(pid, keys),
        keys.map(() => 0),
      );
    }
  });

  it("leaves no memory in a core dump of a worker, and runs it without a debugger's signal", async () => {
    for (const pid of await workerPids(ca)) {
      assert.match(readFileSync(`/proc/${pid}/coredump_filter`, "utf8"), /^0+\n$/);
      process.kill(pid, "SIGUSR1");
    }
    await controlCall(ca);
    const { length } = await workerPids(ca);
    assert.equal(length, 2);
    assert.equal(await ca.process.metric("kasbah_worker_replacements"), 0);
  });

  it("uses a new authority on open connections, and closes none of them", async () => {
    const { message, headers } = await newWorkload(ca);
    await withSessions(2, async (sessions) => {
      const leafOn = async (session: ClientHttp2Session) => {
        const { status, body, message: reason } = await callOn(session, framed(message), headers);
        assert.equal(status, 0, reason);
        return new X509Certificate(String(createCertificate.response.decode(body).certChain[0]));
      };
      const before = await Promise.all(sessions.map(leafOn));
      const { code, err } = await runKasbahCommand(ca.stateDir, ["authority", "rotate"]);
      assert.equal(code, 0, err);
      await ca.process.until(
        "the new authority",
        async () =>
          (await ca.process.metric(
            'kasbah_authority_stage{authority="intermediate-2",kind="intermediate"}',
          )) === 2,
      );
      const after = await Promise.all(sessions.map(leafOn));
      for (const [index, leaf] of after.entries()) assert.notEqual(leaf.issuer, before[index]?.issuer);
      assert.ok(sessions.every(({ closed, destroyed }) => !closed && !destroyed));
    });
  });

  it("replaces workers that are killed under load, and records every certificate that a caller received", async () => {
    const callers = steadyCallers(ca, 8, 20);
    let kills = 0;
    const killer = (async () => {
      while (kills < 4) {
        const [victim] = (await workerPids(ca)).slice(kills % 2);
        if (victim !== undefined) {
          process.kill(victim, "SIGKILL");
          kills += 1;
        }
        await systemClock.sleep(300);
      }
    })();
    const [{ serials, retries }] = await Promise.all([callers, killer]);
    assert.equal(serials.length, 160);
    assert.ok(retries > 0, "the kills interrupted calls");
    const recorded = new Set(
      (await recordedIn(ca.stateDir)).flatMap((entry) => (entry.kind === "issued" ? [entry.serial] : [])),
    );
    assert.deepEqual(
      serials.filter((serial) => !recorded.has(serial.padStart(32, "0"))),
      [],
    );
    await untilSeen("both workers", patienceMs, async () =>
      (await ca.process.metric("kasbah_workers")) === 2 ? true : undefined,
    );
    assert.equal(await ca.process.metric("kasbah_worker_replacements"), kills);
    assert.equal((await ca.process.readiness()).ready, true);
  });
});

describe("CA with two workers that stops", function () {
  this.timeout(suiteTimeoutMs);

  before(function () {
    if (process.platform !== "linux") this.skip();
  });

  for (const [signal, exit] of [
    ["SIGTERM", { code: 0, signal: null }],
    ["SIGKILL", { code: null, signal: "SIGKILL" }],
  ] as const) {
    it(`leaves no worker behind after ${signal}`, async () => {
      await using ca = await startCa({ flags });
      await controlCall(ca);
      const pids = await workerPids(ca);
      assert.equal(pids.length, 2);
      ca.process.child.kill(signal);
      assert.deepEqual(await ca.process.exited, exit);
      await untilSeen("the end of the workers", patienceMs, async () =>
        (await Promise.all(pids.map(isRunning))).some(Boolean) ? undefined : true,
      );
    });
  }

  it("answers the calls in progress before it exits", async () => {
    await using ca = await startCa({ flags });
    const { message, headers } = await newWorkload(ca);
    const session = dial(ca);
    const calls = Array.from({ length: 20 }, () => callOn(session, framed(message), headers));
    await untilSeen("a call in progress", patienceMs, async () =>
      ((await ca.process.metric("citadel_server_csr_count")) ?? 0) > 0 ? true : undefined,
    );
    ca.process.child.kill("SIGTERM");
    const outcomes = await Promise.all(calls);
    assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set([0]));
    assert.equal((await ca.process.exited).code, 0);
  });
});

/** The private octets of a key in both orders. */
function scalarsOf(path: string): Buffer[] {
  const { d = "" } = createPrivateKey(readFileSync(path, "utf8")).export({ format: "jwk" });
  const scalar = Buffer.from(d, "base64url");
  return [scalar, Buffer.from(scalar).reverse()];
}

/** The established TCP connections that a process holds. */
function socketsOf(pid: number): number {
  const established = new Set(
    readFileSync(`/proc/${pid}/net/tcp`, "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === "01")
      .map((fields) => fields[9]),
  );
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  return links.filter((link) => established.has(/^socket:\[(\d+)\]$/.exec(link)?.[1])).length;
}

function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}
