import { parseTraceparent, type SpanSource, type TraceContext, type TraceSpan } from "@kasbah/runtime";
import { grpcStatus } from "@kasbah/runtime/rpc";
import type { IssuanceStep } from "../../issuance/call-trace.ts";
import type { CallTracing, OpenTrace, TracedCall, TracedCertificate, TracedRefusal } from "./call-tracing.ts";

const statusNames = new Map(Object.entries(grpcStatus).map(([name, code]) => [code as number, name]));

/** One server span for each call, with one child for each step that it reached. */
export function traceCalls(spans: SpanSource): CallTracing {
  return { start: (call) => new IssuanceTrace(spans, call) };
}

class IssuanceTrace implements OpenTrace {
  readonly #spans: SpanSource;
  readonly #server: TraceSpan;
  readonly traceId: string | undefined;
  #step: TraceSpan | undefined;

  constructor(spans: SpanSource, { method, traceparent, referenceId, peerAddress }: TracedCall) {
    const parent = parseTraceparent(traceparent);
    this.#spans = spans;
    this.#server = spans.start(method, {
      ...{ kind: "server", parent },
      facts: {
        ...{ "rpc.system.name": "grpc", "rpc.method": method },
        ...{ "kasbah.reference_id": referenceId, "network.peer.address": peerAddress.replace(/:\d+$/, "") },
      },
    });
    this.traceId = keptTraceId(this.#server.context, parent);
  }

  step(step: IssuanceStep): void {
    if (!this.#server.context.isSampled) return;
    this.#step?.end();
    this.#step = this.#spans.start(step, { kind: "internal", parent: this.#server.context });
  }

  note(moment: string): void {
    this.#step?.note(moment);
  }

  issued({ spiffeId, serial, rule, authorityId }: TracedCertificate): void {
    this.#step?.end();
    this.#server.end({
      ...{ "rpc.response.status_code": "OK", "kasbah.spiffe_id": spiffeId, "kasbah.serial": serial },
      ...{ "kasbah.rule": rule, "kasbah.authority": authorityId },
    });
  }

  refused({ code, status, spiffeId, rule }: TracedRefusal): void {
    this.#step?.end({}, code);
    const facts = { "kasbah.code": code, "kasbah.spiffe_id": spiffeId, "kasbah.rule": rule };
    this.#server.end({ ...facts, "rpc.response.status_code": statusNames.get(status) }, code);
  }
}

/** A trace that is not exported and that no caller knows has an id that leads nowhere. */
function keptTraceId({ traceId, isSampled }: TraceContext, parent: TraceContext | undefined) {
  return isSampled || parent !== undefined ? traceId : undefined;
}
