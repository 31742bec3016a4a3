import assert from "node:assert/strict";
import { RecordedSpans } from "@kasbah/testkit";
import type { OpenTrace } from "./call-tracing.ts";
import { traceCalls } from "./issuance-spans.ts";

const callerTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const method = "istio.v1.auth.IstioCertificateService/CreateCertificate";

describe("The trace of an issuance", () => {
  let spans: RecordedSpans;

  beforeEach(() => {
    spans = new RecordedSpans();
  });

  const start = (...traceparent: string[]): OpenTrace =>
    traceCalls(spans).start({ method, traceparent, referenceId: "9f2c51d07ab4", peerAddress: "[::1]:5" });

  it("has a server span with one child for each step, of which one is open at a time", () => {
    const trace = start();
    for (const step of ["authenticate", "parse", "approve", "issue", "record", "reply"] as const)
      trace.step(step);
    assert.deepEqual(spans.open, [method, "reply"]);
    const certificate = {
      spiffeId: "spiffe://a/ns/b/sa/c",
      serial: "01",
      rule: "default",
      authorityId: "i1",
    };
    trace.issued(certificate);
    assert.deepEqual(spans.open, []);
    const [server, ...steps] = spans.started;
    assert.equal(server?.start.kind, "server");
    assert.equal(server?.start.facts?.["network.peer.address"], "[::1]");
    assert.equal(server?.facts["rpc.response.status_code"], "OK");
    assert.ok(steps.length === 6 && steps.every(({ start: { parent } }) => parent === server?.context));
    assert.equal(trace.traceId, server?.context.traceId);
  });

  it("marks the step that refused the call, and the call, with the code", () => {
    const trace = start();
    trace.step("authenticate");
    trace.note("caller authenticated");
    trace.step("parse");
    trace.refused({ code: "CSR_MALFORMED", status: 3, spiffeId: undefined, rule: "default" });
    assert.deepEqual(
      spans.started.map(({ name, error }) => [name, error]),
      [
        [method, "CSR_MALFORMED"],
        ["authenticate", undefined],
        ["parse", "CSR_MALFORMED"],
      ],
    );
    assert.deepEqual(spans.started[1]?.moments, ["caller authenticated"]);
    assert.equal(spans.started[0]?.facts["rpc.response.status_code"], "INVALID_ARGUMENT");
  });

  it("continues the trace of the caller, and begins its own if the header is malformed", () => {
    start(`00-${callerTrace}-00f067aa0ba902b7-01`);
    start(`00-${callerTrace}-00f067aa0ba902b7-01`, "twice");
    assert.equal(spans.started[0]?.start.parent?.traceId, callerTrace);
    assert.equal(spans.started[1]?.start.parent, undefined);
  });

  it("creates no steps if the trace is not sampled, and has an id only if the caller sent one", () => {
    spans.isSampled = false;
    const [own, callers] = [start(), start(`00-${callerTrace}-00f067aa0ba902b7-00`)];
    own.step("authenticate");
    assert.equal(spans.started.length, 2);
    assert.deepEqual([own.traceId, callers.traceId], [undefined, callerTrace]);
  });
});
