import assert from "node:assert/strict";
import { createRegistry } from "@kasbah/runtime";
import { FakeClock, mintSecret, recordingLogger } from "@kasbah/testkit";
import { AgentError } from "../errors.ts";
import { SecretStore } from "../secret/secret-store.ts";
import { countCalls } from "./ca-calls.ts";
import { type AgentMetrics, createAgentMetrics } from "./metrics.ts";
import { agentReadiness, withWarnings } from "./readiness.ts";
import { observeRotations } from "./rotation-events.ts";
import { observeStreams } from "./stream-events.ts";
import { StreamTally } from "./stream-tally.ts";

const start = new Date("2030-01-01T00:00:00Z");

describe("The agent's status", () => {
  const registry = () => createRegistry({ name: "kasbah-agent", version: "0" });
  let clock: FakeClock;
  let store: SecretStore;
  let metrics: AgentMetrics;
  let scrape: () => Promise<string>;

  beforeEach(() => {
    clock = new FakeClock(start);
    store = new SecretStore(clock);
    const own = registry();
    metrics = createAgentMetrics(own, store, clock);
    scrape = () => own.metrics();
  });

  it("is ready if and only if an unexpired secret is served, and gives the reason otherwise", async () => {
    assert.equal(agentReadiness(store).ready, false);
    assert.equal(agentReadiness(store).reasons.length, 1);
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    assert.deepEqual(agentReadiness(store), { ready: true, reasons: [] });
    clock.jump(45_000);
    assert.equal(agentReadiness(store).ready, true);
    clock.jump(15_000);
    assert.equal(agentReadiness(store).ready, false);
  });

  it("shows the last failure whether or not the agent is ready", async () => {
    const observer = observeRotations(metrics, recordingLogger());
    const refusal = { code: "TOKEN_AUDIENCE", referenceId: "9f2c51d07ab4", fix: "mount another token" };
    const error = new AgentError("CA_REFUSED", "the CA refuses: TOKEN_AUDIENCE: …", { refusal });
    observer.onFailed({ error, code: "CA_REFUSED", failures: 1, retryInMs: 10_000 });
    assert.match(
      agentReadiness(store, observer.lastFailure).reasons.join(),
      /no secret yet.*CA_REFUSED.*TOKEN_AUDIENCE/,
    );
    const secret = await mintSecret({ receivedAt: start, ttlMs: 60_000 });
    store.publish(secret);
    const { ready, warnings } = agentReadiness(store, observer.lastFailure);
    assert.ok(ready);
    assert.match(String(warnings), /TOKEN_AUDIENCE/);
    observer.onRotated(secret);
    assert.deepEqual(agentReadiness(store, observer.lastFailure), { ready: true, reasons: [] });
  });

  it("shows other warnings without changing the readiness", () => {
    const { ready, reasons } = agentReadiness(store);
    assert.deepEqual(withWarnings({ ready, reasons }, []), { ready, reasons });
    assert.deepEqual(withWarnings({ ready, reasons, warnings: ["a"] }, ["b"]), {
      ready,
      reasons,
      warnings: ["a", "b"],
    });
  });

  it("logs and counts a refusal under the CA's own code, and limits the number of codes", async () => {
    const logger = recordingLogger();
    const observer = observeRotations(metrics, logger);
    for (let made = 0; made < 200; made += 1) {
      const refusal = { code: `CODE_${"A".repeat(made % 100)}${made}`, referenceId: "9f2c51d07ab4" };
      const error = new AgentError("CA_REFUSED", "no", { refusal });
      observer.onFailed({ error, code: "CA_REFUSED", failures: 1, retryInMs: 10_000 });
    }
    const series = (await scrape())
      .split("\n")
      .filter((line) => line.startsWith("kasbah_agent_ca_refusals{"));
    assert.equal(series.length, 51);
    assert.match(series.join("\n"), /code="OTHER"\} 150/);
    assert.equal(logger.events[0]?.facts["referenceId"], "9f2c51d07ab4");
  });

  it("shows the state of the secret", async () => {
    assert.match(await scrape(), /kasbah_agent_secret_state\{state="starting"\} 1/);
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    clock.jump(70_000);
    assert.match(await scrape(), /kasbah_agent_secret_state\{state="expired"\} 1/);
    assert.match(await scrape(), /kasbah_agent_secret_state\{state="starting"\} 0/);
  });

  it("counts calls, failures, retries and milliseconds under Istio's names", async () => {
    let isDown = true;
    const authority = {
      async createCertificate() {
        clock.jump(0);
        await clock.advance(25);
        if (isDown) throw new AgentError("CA_UNREACHABLE", "away");
        return [];
      },
    };
    const counted = countCalls(authority, metrics, clock);
    // The fake ignores its argument.
    const call = () => counted.createCertificate({} as never, new AbortController().signal);
    await assert.rejects(call());
    isDown = false;
    await call();
    await call();
    const text = await scrape();
    assert.match(text, /istio_agent_num_outgoing_requests\{request_type="csr"\} 3\n/);
    assert.match(text, /istio_agent_num_failed_outgoing_requests\{request_type="csr"\} 1\n/);
    assert.match(text, /istio_agent_num_outgoing_retries\{request_type="csr"\} 1\n/);
    assert.match(text, /istio_agent_outgoing_latency\{request_type="csr"\} 75\n/);
  });

  it("logs a NACK once, truncated, and counts each one", async () => {
    const logger = recordingLogger();
    const observer = observeStreams(metrics, logger);
    const complaint = "x".repeat(100_000);
    observer.onEvent({ kind: "nack", names: ["default"], complaint, repeated: false });
    for (let round = 0; round < 999; round += 1) {
      observer.onEvent({ kind: "nack", names: ["default"], complaint, repeated: true });
    }
    assert.match(await scrape(), /istio_agent_pilot_total_xds_rejects\{type="sds"\} 1000\n/);
    assert.equal(logger.events.length, 1);
    assert.ok(JSON.stringify(logger.events).length < 2_000);
  });

  it("measures the time from the start to the first secret once, under Istio's name", async () => {
    await clock.advance(1_500);
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    await clock.advance(5_000);
    store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    assert.match(await scrape(), /^istio_agent_startup_duration_seconds 1\.5$/m);
  });

  it("counts open streams and NACKs, and forwards all events", async () => {
    const tally = new StreamTally(observeStreams(metrics, recordingLogger()));
    for (const _ of [1, 2, 3]) tally.onOpened();
    tally.onClosed();
    tally.onEvent({ kind: "nack", names: ["default"], complaint: "no", repeated: false });
    tally.onEvent({ kind: "stale-nonce" });
    assert.deepEqual([tally.open, tally.nacks], [2, 1]);
    assert.match(await scrape(), /kasbah_agent_sds_streams 2\n/);
    assert.match(await scrape(), /istio_agent_pilot_xds_expired_nonce\{type="sds"\} 1\n/);
  });

  it("logs an unknown name once, with its code, and a limited number of names", () => {
    const logger = recordingLogger();
    const observer = observeStreams(metrics, logger);
    for (let stream = 0; stream < 100; stream += 1) {
      observer.onEvent({ kind: "unknown-name", name: "kubernetes://other" });
    }
    assert.equal(logger.events.length, 1);
    assert.deepEqual(logger.events[0]?.facts, { code: "RESOURCE_UNKNOWN", resource: "kubernetes://other" });
    for (let made = 0; made < 10_000; made += 1)
      observer.onEvent({ kind: "unknown-name", name: `made-up-${made}` });
    assert.equal(logger.events.length, 256);
  });

  it("logs streams that exceed their limit or do not read", () => {
    const logger = recordingLogger();
    const observer = observeStreams(metrics, logger);
    observer.onEvent({ kind: "too-many-names", limit: 256 });
    observer.onEvent({ kind: "too-slow" });
    observer.onEvent({ kind: "stale-nonce" });
    assert.deepEqual(
      logger.events.map(({ facts }) => facts),
      [{ limit: 256 }, { code: "CLIENT_TOO_SLOW" }],
    );
  });

  it("logs errors that need a human at level error, and never a key", async () => {
    const logger = recordingLogger();
    const observer = observeRotations(metrics, logger);
    for (const code of ["CA_REFUSED", "CA_REPLY_INVALID", "CA_UNREACHABLE"] as const) {
      observer.onFailed({ error: new AgentError(code, "no"), code, failures: 1, retryInMs: 100 });
    }
    assert.deepEqual(
      logger.events.map(({ level }) => level),
      ["error", "error", "warn"],
    );
    observer.onRotated(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
    assert.ok(!JSON.stringify(logger.events).includes("BEGIN"));
    assert.match(await scrape(), /kasbah_agent_rotations 1\n/);
    assert.match(await scrape(), /kasbah_agent_rotation_failures\{code="CA_REFUSED"\} 1\n/);
  });
});
