import assert from "node:assert/strict";
import { decodeErrorInfo } from "@kasbah/protocol";
import { RecordedSpans } from "@kasbah/testkit";
import { traceCalls } from "../telemetry/traces/issuance-spans.ts";
import {
  type CertificateEndpoint,
  frontend,
  orderBody,
  referenceId,
  startCertificateEndpoint,
} from "./certificate-endpoint.fixture.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

describe("CreateCertificate, for a traced call", () => {
  let spans: RecordedSpans;
  let ca: CertificateEndpoint;

  beforeEach(async () => {
    spans = new RecordedSpans();
    ca = await startCertificateEndpoint(traceCalls(spans));
  });
  afterEach(() => ca.stop());

  it("passes through six steps, and names the trace in the log and the ledger", async () => {
    await ca.call(await orderBody(), { ...ca.bearer, traceparent });
    assert.deepEqual(
      spans.started.slice(1).map(({ name }) => name),
      ["authenticate", "parse", "approve", "issue", "record", "reply"],
    );
    assert.deepEqual(spans.started[1]?.moments, ["caller authenticated", "body received", "turn begun"]);
    assert.deepEqual(spans.open, []);
    const server = spans.started[0];
    assert.deepEqual([server?.facts["kasbah.spiffe_id"], server?.error], [frontend, undefined]);
    const [entry] = ca.ledger.entries;
    assert.ok(entry?.kind === "issued");
    assert.deepEqual([entry.traceId, entry.referenceId], [traceId, referenceId]);
    const line = ca.logger.events.find(({ event }) => event === "certificate issued");
    assert.equal(line?.facts["traceId"], traceId);
  });

  it("tells a refused caller the trace as text and as a fact, and names it in the log and the ledger", async () => {
    const reply = await ca.call(await orderBody({ ttl: 7_776_001 }), { ...ca.bearer, traceparent });
    assert.match(reply.message, new RegExp(`\\(reference ${referenceId}, trace ${traceId}\\)$`));
    const details = Buffer.from(String(reply.metadata["grpc-status-details-bin"]), "base64");
    assert.equal(decodeErrorInfo(details)?.metadata?.["traceId"], traceId);
    const [entry] = ca.ledger.entries;
    assert.ok(entry?.kind === "refused" && entry.traceId === traceId);
    const line = ca.logger.events.find(({ event }) => event === "request refused");
    assert.equal(line?.facts["traceId"], traceId);
    assert.equal(spans.started.at(-1)?.error, "TTL_TOO_LONG");
    assert.deepEqual(spans.open, []);
  });

  it("ends the spans of calls that fail at any step, and of callers that are not authenticated", async () => {
    await ca.call(Buffer.from("garbage"), { traceparent });
    await ca.call(Buffer.from("garbage"), { ...ca.bearer, traceparent });
    ca.ledger.isDown = true;
    await ca.call(await orderBody(), { ...ca.bearer, traceparent });
    const codes = spans.started.filter(({ start }) => start.kind === "server").map(({ error }) => error);
    assert.deepEqual(codes, ["TOKEN_MISSING", "REQUEST_MALFORMED", "LEDGER_UNAVAILABLE"]);
    assert.deepEqual(spans.open, []);
  });

  it("has no trace id anywhere if its header is longer than a context, or absent and not sampled", async () => {
    spans.isSampled = false;
    const reply = await ca.call(await orderBody({ ttl: 7_776_001 }), {
      ...{ ...ca.bearer, traceparent: `${traceparent}-${"x".repeat(4_000)}` },
    });
    assert.match(reply.message, new RegExp(`\\(reference ${referenceId}\\)$`));
    assert.ok(ca.ledger.entries.every((entry) => !("traceId" in entry)));
  });
});
