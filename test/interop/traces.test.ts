import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, temporaryDirectory } from "@kasbah/testkit";
import { type CaOptions, type RunningCa, startCa } from "../harness/ca-process.ts";
import { setUpTimeoutMs } from "../harness/envoy.ts";
import { hasGo } from "../harness/go-program.ts";
import { runKasbahCommand } from "../harness/kasbah-command.ts";
import { Pod } from "../harness/pod.ts";
import { mintDemoToken } from "../harness/token-issuer.ts";
import { Collector } from "./traces/collector.ts";
import { loadedFiles, tellsLoadedFiles } from "./traces/loaded-files.ts";
import type { SeenSpan } from "./traces/span-sink.ts";
import { TlsEndpoint } from "./traces/tls-endpoint.ts";
import { callForCertificate } from "./traces/traced-call.ts";

const method = "istio.v1.auth.IstioCertificateService/CreateCertificate";
const steps = ["authenticate", "parse", "approve", "issue", "record", "reply"];
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const callerSpan = "00f067aa0ba902b7";
/** Exports soon after a span has ended. */
const soon = { OTEL_BSP_SCHEDULE_DELAY: "100" };

function nanoseconds(one: bigint, other: bigint): number {
  return one < other ? -1 : Number(one > other);
}

/** The server span of a trace, and its children in the order of their start. */
function callIn(spans: readonly SeenSpan[]) {
  const server = spans.find((span) => span.kind === 2);
  assert.ok(server, "no server span");
  const children = spans.filter((span) => span.parentSpanId === server.spanId);
  return { server, children: children.toSorted((one, other) => nanoseconds(one.start, other.start)) };
}

describe("Traces in a real OpenTelemetry collector", function () {
  this.timeout(setUpTimeoutMs);
  let collector: Collector;
  let ca: RunningCa;

  const startTracedCa = ({ flags = [], env = soon }: CaOptions = {}) =>
    startCa({ flags: ["--otlp-endpoint", collector.endpoint, ...flags], env });
  const why = async (of: RunningCa, ...argv: readonly string[]) => {
    const { code, out, err } = await runKasbahCommand(of.stateDir, ["why", ...argv]);
    assert.equal(code, 0, err);
    return out;
  };
  const podFor = async (token: string) =>
    Pod.create({
      ca: { address: { host: "127.0.0.1", port: ca.port }, authority: { rootPem: ca.rootPem } },
      flags: { "--otlp-endpoint": collector.endpoint },
      env: soon,
      token,
    });

  before(async function () {
    // A CI without Go must not skip the only test of the file.
    if (!hasGo() && process.env["CI"] === undefined) this.skip();
    collector = await Collector.start();
    ca = await startTracedCa();
  });
  after(async () => {
    await ca?.stop();
    await collector?.[Symbol.asyncDispose]();
  });

  it("join the agent and the CA from the rotation to the six steps, and lead to the ledger by the trace id", async () => {
    await using pod = await podFor(await mintDemoToken(ca.tokens, "frontend"));
    const agent = pod.start();
    await agent.untilReady();
    const { traceId: id, serial } = await ca.process.logged("certificate issued");
    const spans = await collector.sink.trace(String(id), 9);
    assert.equal(spans.length, 9);
    const { server, children } = callIn(spans);
    const client = spans.find((span) => span.spanId === server.parentSpanId);
    const rotation = spans.find((span) => span.spanId === client?.parentSpanId);
    assert.deepEqual(
      [rotation, client, server].map((span) => [span?.service, span?.name, span?.kind]),
      [
        ["kasbah-agent", "rotate", 1],
        ["kasbah-agent", method, 3],
        ["kasbah-server", method, 2],
      ],
    );
    assert.equal(rotation?.parentSpanId, "");
    assert.deepEqual(
      children.map(({ name, kind, error }) => [name, kind, error]),
      steps.map((name) => [name, 1, undefined]),
    );
    for (const [index, child] of children.entries()) {
      assert.ok(child.start >= server.start && child.end <= server.end, child.name);
      assert.ok(
        child.end <= (children[index + 1]?.start ?? server.end),
        `${child.name} overlaps the next step`,
      );
    }
    assert.deepEqual(children[0]?.moments, ["caller authenticated", "body received", "turn begun"]);
    assert.equal(server.attributes["kasbah.serial"], serial);
    const found = JSON.parse(await why(ca, String(id), "--json"));
    assert.deepEqual([found.code, found.serial, found.traceId], ["ISSUED", serial, id]);
    assert.equal(found.referenceId, server.attributes["kasbah.reference_id"]);
  });

  it("are found by the trace id in the text of a refusal, which stands in the log, the ledger and kasbah why", async () => {
    const stale = { namespace: "demo", serviceAccount: "backend", lifetimeMs: 3_600_000, now: new Date() };
    await using pod = await podFor(await ca.tokens.mint({ ...stale, audience: "vault" }));
    const agent = pod.start();
    const { error, traceId: told } = await agent.logged("rotation failed; keeping the current secret");
    const [, id] = /\(reference [0-9a-f]{12}, trace ([0-9a-f]{32})\)/.exec(JSON.stringify(error)) ?? [];
    assert.ok(id, JSON.stringify(error));
    assert.equal(told, id);
    const spans = await collector.sink.trace(id, 4);
    const { server, children } = callIn(spans);
    assert.deepEqual(
      children.map((child) => [child.name, child.error]),
      [["authenticate", "TOKEN_AUDIENCE"]],
    );
    assert.deepEqual(
      [server.error, server.attributes["rpc.response.status_code"]],
      ["TOKEN_AUDIENCE", "UNAUTHENTICATED"],
    );
    const rotation = spans.find((span) => span.name === "rotate");
    assert.equal(rotation?.error, "CA_REFUSED");
    assert.equal((await ca.process.logged("request refused"))["traceId"], id);
    assert.match(await why(ca, id), new RegExp(`refused: TOKEN_AUDIENCE\n  trace +${id}\n`));
    const { out } = await runKasbahCommand(ca.stateDir, ["refusals", "--json"]);
    const [refusal] = JSON.parse(out).refusals;
    assert.equal(refusal.traceId, id);
  });

  it("contain no token, no CSR, no key and no certificate", () => {
    assert.ok(collector.sink.spans.length > 0);
    assert.doesNotMatch(collector.sink.text, /eyJ|BEGIN|Bearer|MII/);
  });

  for (const workers of ["1", "2"])
    it(`continue the trace of the caller with ${workers} process${workers === "1" ? "" : "es"} at the port`, async () => {
      await using traced = await startTracedCa({ flags: ["--workers", workers] });
      const reply = await callForCertificate(traced, { traceparent: `00-${traceId}-${callerSpan}-01` });
      assert.equal(reply.status, 0, reply.message);
      const reference = (await traced.process.logged("certificate issued"))["referenceId"];
      const ours = (span: SeenSpan) => span.attributes["kasbah.reference_id"] === reference;
      await traced.process.until("the server span", () => collector.sink.spans.some(ours));
      const server = collector.sink.spans.find(ours);
      assert.deepEqual([server?.traceId, server?.parentSpanId], [traceId, callerSpan]);
      const names = collector.sink.spans.filter((span) => span.parentSpanId === server?.spanId);
      assert.deepEqual(names.map(({ name }) => name).toSorted(), steps.toSorted());
    });

  it("are not exported if the caller does not sample them, and the id still leads from the caller's log to the ledger", async () => {
    const unsampled = traceId.replace("4", "a");
    await using traced = await startTracedCa();
    await callForCertificate(traced, { traceparent: `00-${unsampled}-${callerSpan}-00` });
    const sampled = traceId.replace("4", "b");
    await callForCertificate(traced, { traceparent: `00-${sampled}-${callerSpan}-01` });
    await collector.sink.trace(sampled, 7);
    assert.deepEqual(collector.sink.of(unsampled), []);
    assert.equal(JSON.parse(await why(traced, unsampled, "--json")).code, "ISSUED");
  });

  it("are flushed when the CA stops, and a malformed header leads to a trace of the CA's own", async () => {
    await using traced = await startTracedCa({ env: { OTEL_BSP_SCHEDULE_DELAY: "60000" } });
    await callForCertificate(traced, { traceparent: `00-${traceId.toUpperCase()}-${callerSpan}-01` });
    const { traceId: own } = await traced.process.logged("certificate issued");
    assert.notEqual(String(own).toLowerCase(), traceId);
    assert.deepEqual(collector.sink.of(String(own)), []);
    await traced.process.stop();
    assert.equal((await traced.process.exited).code, 0);
    assert.equal((await collector.sink.trace(String(own), 7)).length, 7);
  });

  it("do not affect issuance while the collector is down: one warning, and a count of the lost spans", async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const env = { ...soon, OTEL_EXPORTER_OTLP_TIMEOUT: "300", OTEL_BSP_MAX_QUEUE_SIZE: "20" };
    await using traced = await startCa({ flags: ["--otlp-endpoint", nowhere], env });
    for (let index = 0; index < 20; index++) assert.equal((await callForCertificate(traced)).status, 0);
    const lost = async () =>
      ((await traced.process.metric('kasbah_trace_spans{outcome="failed"}')) ?? 0) +
      ((await traced.process.metric('kasbah_trace_spans{outcome="dropped"}')) ?? 0);
    await traced.process.until("every span to be counted", async () => (await lost()) === 20 * 7);
    assert.equal(traced.process.log.split("traces are lost").length - 1, 1);
    await traced.process.stop();
    assert.equal((await traced.process.exited).code, 0);
  });

  it("cost no module without an endpoint: neither daemon reads a file with code of OpenTelemetry", async () => {
    const failpoint = tellsLoadedFiles;
    const traced = { "--otlp-endpoint": collector.endpoint };
    for (const flags of [{}, traced] as Readonly<Record<string, string>>[]) {
      await using own = await startCa({ flags: Object.entries(flags).flat(), failpoint });
      await using pod = await Pod.create({
        ca: { address: { host: "127.0.0.1", port: own.port }, authority: { rootPem: own.rootPem } },
        token: await mintDemoToken(own.tokens, "frontend"),
        ...{ flags, failpoint },
      });
      const agent = pod.start();
      await agent.untilReady();
      for (const log of [own.process.log, agent.log]) {
        const files = loadedFiles(log);
        assert.ok(files.length > 0, log.slice(0, 500));
        const texts = await Promise.all(files.map((path) => readFile(path, "utf8")));
        const withSdk = texts.filter((text) => text.includes("TraceIdRatioBased"));
        assert.equal(withSdk.length, flags === traced ? 1 : 0, files.join("\n"));
      }
    }
  });

  it("go to an https endpoint whose CA and key the standard variables name, and to no other endpoint or proxy", async () => {
    await using directory = await temporaryDirectory();
    await using endpoint = await TlsEndpoint.start(directory);
    const elsewhere = `http://127.0.0.1:${await freePort()}`;
    const variables = {
      OTEL_EXPORTER_OTLP_HEADERS: "key=of-the-operator",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: elsewhere,
      ...{ HTTPS_PROXY: elsewhere, https_proxy: elsewhere },
    };
    const env = { ...soon, ...variables, OTEL_EXPORTER_OTLP_CERTIFICATE: endpoint.certificate };
    await using traced = await startCa({ flags: ["--otlp-endpoint", endpoint.url], env });
    await callForCertificate(traced);
    await traced.process.until("an export", () => endpoint.keys.includes("of-the-operator"));
    await using untrusting = await startCa({
      flags: ["--otlp-endpoint", endpoint.url],
      env: { ...soon, ...variables },
    });
    await callForCertificate(untrusting);
    const { reason } = await untrusting.process.logged("traces are lost; certificates are not affected");
    assert.match(String(reason), /self-signed certificate/);
    assert.doesNotMatch(untrusting.process.log, /of-the-operator/);
  });

  it("are absent without an endpoint: a caller's trace id is not recorded anywhere", async () => {
    await using untraced = await startCa();
    await callForCertificate(untraced, { traceparent: `00-${traceId}-${callerSpan}-01` });
    const reply = await callForCertificate(untraced, {
      traceparent: `00-${traceId}-${callerSpan}-01`,
      authorization: "Bearer x",
    });
    assert.match(reply.message, /\(reference [0-9a-f]{12}\)$/);
    assert.doesNotMatch(untraced.process.log, new RegExp(traceId));
    await untraced.process.stop();
    const files = await readdir(`${untraced.stateDir}/ledger`, { recursive: true, withFileTypes: true });
    const lines = files.filter((file) => file.isFile() && file.name.endsWith(".jsonl"));
    const texts = await Promise.all(
      lines.map(({ parentPath, name }) => readFile(join(parentPath, name), "utf8")),
    );
    for (const kind of ["issued", "refused"])
      assert.ok(
        texts.some((text) => text.includes(`"kind":"${kind}"`)),
        kind,
      );
    assert.ok(!texts.join("").includes(traceId));
  });
});
