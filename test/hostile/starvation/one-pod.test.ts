import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeEntry, ledgerDirectoryAt } from "@kasbah/ledger";
import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import { attributes, dns, extension, extensionRequest, names, requestPem, uri } from "@kasbah/testkit/csr";
import { type RunningCa, startCa } from "../../harness/ca-process.ts";
import { directoryBytes } from "../../harness/directory-bytes.ts";
import { recordedIn } from "../../harness/recorded-entries.ts";
import { attackTimeoutMs } from "../../harness/until.ts";
import { vitalsOf } from "../../harness/vitals.ts";
import { orderOf } from "../http2/control-call.ts";
import { callOn, dial, framed } from "../http2/grpc-call.ts";
import type { HammerCounts } from "./hammer/hammer.ts";
import { startHammer } from "./hammer/start-hammer.ts";

const isFull = process.env["KASBAH_ATTACK"] === "full";
const limitMiB = 512;
const env = { NODE_OPTIONS: `--max-old-space-size=${limitMiB / 2}` };
/** The attack lasts until the good callers are served and the attacker was refused so often. */
const leastRefusals = isFull ? 20_000 : 200;
const goodCalls = isFull ? 100 : 20;
const atATime = 10;
const withinMs = 120_000;
/** `npm test` attacks a third of the default rate, because every certificate takes time. */
const rate = isFull ? 60 : 20;
const flags = isFull ? [] : ["--default-rate", String(rate)];
/** Of the refusals of one caller, the ledger records this many at once, and then half of them per second. */
const recordedRefusals = 30;

/** The longest names that Kubernetes allows. */
const namespace = "n".repeat(63);
const serviceAccount = "s".repeat(253);
const name = parseSpiffeId(`spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}`);

const attackerAddresses = {
  "one address": ["127.0.0.2"],
  "2,000 addresses": Array.from(
    { length: 2_000 },
    (_, index) => `127.3.${Math.floor(index / 200)}.${(index % 200) + 1}`,
  ),
  "the address of the good callers": ["127.0.0.1"],
} as const;

/** A CSR that asks for as much as one can: names, DNS names, and extensions with identifiers of 64 bytes. */
function hostileCsr(): string {
  const arcs = Array.from({ length: 11 }, () => "4294967295").join(".");
  const foreign = Array.from({ length: 20 }, (_, index) =>
    extension(`1.3.6.1.4.1.${arcs}.${index}`, Buffer.alloc(64)),
  );
  const many = Array.from({ length: 50 }, (_, index) => dns(`host-${index}.${"x".repeat(60)}.example`));
  return requestPem({
    attributes: attributes(
      extensionRequest(names(uri(name.toString()), uri("spiffe://x/\u0000\n"), ...many), ...foreign),
    ),
  });
}

const podOf = (uid: string | undefined) => ({
  namespace,
  ...(uid === undefined ? {} : { pod: { name: "p".repeat(253), uid } }),
  serviceaccount: { name: serviceAccount, uid: "account" },
});

describe("CA in 512 MiB whose certificates one service account requests as fast as it can", function () {
  this.timeout(attackTimeoutMs);
  let ca: RunningCa;
  let bodies: readonly Uint8Array[];
  let startedMs: number;
  /** After each attack; the C library keeps what the first one needed, and uses it again for the next. */
  const memories: number[] = [];

  before(async () => {
    ca = await startCa({ env, flags });
    startedMs = systemClock.monotonicMs();
    const csr = createCertificateRequest(await createKeyPair("P-256"), name);
    bodies = [csr, hostileCsr()].map((each) => framed(orderOf(each)));
  });
  after(() => ca?.stop());

  const mint = (uid: string | undefined, index = 0) =>
    ca.tokens.mint({
      ...{ namespace, serviceAccount, now: systemClock.now() },
      claims: { "kubernetes.io": podOf(uid), jti: `${uid}-${index}` },
    });

  async function goodCall(index: number): Promise<void> {
    const session = dial(ca);
    try {
      const authorization = `Bearer ${await mint(`good-${index}-${systemClock.monotonicMs()}`)}`;
      const { status, message } = await callOn(session, bodies[0] ?? Buffer.alloc(0), { authorization });
      assert.equal(status, 0, message);
    } finally {
      session.destroy();
    }
  }

  /** The failures of calls by other pods of the same service account, and of the probes that go with them. */
  async function goodFailures(): Promise<readonly string[]> {
    const failures: string[] = [];
    for (let count = 0; count < goodCalls; count += atATime) {
      const calls = Array.from({ length: atATime }, (_, index) => goodCall(count + index));
      const outcomes = await Promise.allSettled([...calls, ca.process.readiness()]);
      failures.push(
        ...outcomes.filter((one) => one.status === "rejected").map(({ reason }) => String(reason)),
      );
    }
    return failures;
  }

  async function attack(
    tokens: readonly string[],
    addresses: readonly string[],
  ): Promise<HammerCounts & { seconds: number }> {
    const { port, rootPem } = ca;
    const limited = async () => (await ca.process.metric('kasbah_refusals{code="RATE_LIMITED"}')) ?? 0;
    const before = await limited();
    const begunMs = systemClock.monotonicMs();
    const stop = startHammer({
      port,
      rootPem,
      addresses,
      tokens,
      bodies,
      connections: isFull ? 40 : 8,
      atOnce: 4,
    });
    try {
      await untilSeen("a refusal", withinMs, async () => (await limited()) > before || undefined);
      assert.deepEqual(await goodFailures(), []);
      const enough = async () => (await limited()) - before >= leastRefusals || undefined;
      await untilSeen("many refusals", withinMs, enough);
      const counts = await stop();
      const seconds = (systemClock.monotonicMs() - begunMs) / 1000;
      const connections = async () => (await ca.process.metric("kasbah_connections")) === 0 || undefined;
      await untilSeen("the end of all connections", withinMs, connections);
      memories.push((await vitalsOf(ca.pid)).rssMiB);
      return { ...counts, seconds };
    } finally {
      await stop();
    }
  }

  /** The most certificates that a rate allows in a time. */
  const allowance = (perMinute: number, seconds: number) => perMinute + Math.ceil((perMinute / 60) * seconds);

  for (const [from, addresses] of Object.entries(attackerAddresses)) {
    it(`refuses one pod by its rate and serves other pods of its service account, if it calls from ${from}`, async () => {
      const { issued, limited, others, refusal, seconds } = await attack(
        [await mint(`greedy ${from}`)],
        addresses,
      );
      assert.ok(issued >= rate / 2 && issued <= allowance(rate, seconds), `${issued} in ${seconds} s`);
      assert.ok(limited >= leastRefusals);
      assert.deepEqual(others, {});
      const expected = `at most ${rate} per minute (--default-rate): retry in `;
      assert.ok(refusal.startsWith("RATE_LIMITED: ") && refusal.includes(expected), refusal);
    });
  }

  it("refuses many tokens without a pod by their name and address, and serves the pods of that name", async () => {
    const tokens = await Promise.all(Array.from({ length: 200 }, (_, index) => mint(undefined, index)));
    const { issued, others, seconds } = await attack(tokens, ["127.0.0.1"]);
    assert.ok(issued <= allowance(10 * rate, seconds), `${issued} in ${seconds} s`);
    assert.deepEqual(others, {});
  });

  it("writes few refusals of the attacker, and entries of a limited size only, and keeps within its memory", async () => {
    const entries = await recordedIn(ca.stateDir);
    const refusals = entries.filter(({ kind }) => kind === "refused");
    const attackers = Object.keys(attackerAddresses).length + 1;
    const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
    assert.ok(
      refusals.length <= attackers * (recordedRefusals + seconds / 2),
      `${refusals.length} in ${seconds} s`,
    );
    const longest = (kind: string) =>
      Math.max(...entries.filter((one) => one.kind === kind).map((one) => encodeEntry(one).length));
    assert.ok(longest("issued") <= 4_096 && longest("refused") <= 8_192);
    const bytes = await directoryBytes(ledgerDirectoryAt(join(ca.stateDir, "ledger")).segments);
    const { peakMiB } = await vitalsOf(ca.pid);
    process.stdout.write(
      `      ${entries.length} entries of ${Math.round(bytes / entries.length)} bytes, a certificate at most ${longest("issued")}; at most ${Math.round(peakMiB)} MiB\n`,
    );
    assert.ok(peakMiB < limitMiB, `${peakMiB} MiB`);
    const [before = 0, , after = 0] = memories;
    // Not a ratio: V8 collects at different moments, the more so on a busy machine.
    assert.ok(after <= before + 40, `${before} MiB after the first attack, ${after} MiB after the third`);
  });
});
