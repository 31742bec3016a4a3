import { MeshError } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol/workload";
import { formatTraceparent, type SpanSource, type TraceContext, type TraceSpan } from "@kasbah/runtime";
import type { RotationTracing } from "../../ca/create-ca-supply.ts";

const method = createCertificate.path.slice(1);

/** One span for each attempt to rotate, with a child for each call to a CA, which learns the child from a header. */
export function traceRotations(spans: SpanSource): RotationTracing {
  // One attempt runs at a time.
  let attempt: TraceContext | undefined;
  return {
    traceRotations: (source) => ({
      fetch(signal) {
        const span = spans.start("rotate", { kind: "internal", parent: undefined });
        attempt = span.context;
        return ending(span, () => source.fetch(signal)).finally(() => {
          attempt = undefined;
        });
      },
    }),
    traceCalls: (authority) => ({
      createCertificate(call, signal) {
        const facts = { "rpc.system.name": "grpc", "rpc.method": method };
        const span = spans.start(method, { kind: "client", parent: attempt, facts });
        const traceparent = formatTraceparent(span.context);
        return ending(span, () => authority.createCertificate({ ...call, traceparent }, signal));
      },
    }),
  };
}

async function ending<Result>(span: TraceSpan, work: () => Promise<Result>): Promise<Result> {
  try {
    const result = await work();
    span.end();
    return result;
  } catch (error) {
    span.end({}, error instanceof MeshError ? error.code : "UNEXPECTED");
    throw error;
  }
}
