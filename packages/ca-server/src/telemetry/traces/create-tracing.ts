import type { Component } from "@kasbah/runtime";
import type { OtlpTracingDeps } from "@kasbah/runtime/otlp";
import type { CallTracing } from "./call-tracing.ts";
import { traceCalls } from "./issuance-spans.ts";

export interface TracingDeps extends Pick<OtlpTracingDeps, "counts" | "environment" | "clock" | "logger"> {
  /** Undefined without `--otlp-endpoint`. */
  readonly endpoint: string | undefined;
  readonly version: string;
  readonly hostname: string;
}

interface Tracing {
  readonly calls: CallTracing;
  readonly components: readonly Component[];
}

/** Traces calls if an endpoint is configured. Only then is any module of OpenTelemetry loaded. */
export async function createCallTracing(deps: TracingDeps): Promise<Tracing | undefined> {
  const { endpoint, version, hostname, ...others } = deps;
  if (endpoint === undefined) return undefined;
  const { createOtlpTracing } = await import("@kasbah/runtime/otlp");
  const { spans, component } = createOtlpTracing({
    ...others,
    ...{ endpoint, service: { name: "kasbah-server", version }, instance: hostname },
  });
  return { calls: traceCalls(spans), components: [component] };
}
