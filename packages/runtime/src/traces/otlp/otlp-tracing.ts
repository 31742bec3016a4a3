import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from "@opentelemetry/resources";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import type { Clock } from "../../clock.ts";
import type { Component } from "../../daemon/lifecycle.ts";
import type { Logger } from "../../log/log.ts";
import { delay } from "../../task/delay.ts";
import type { ExportCounts } from "../export-counts.ts";
import type { SpanSource } from "../span.ts";
import { batchOptions } from "./batch-options.ts";
import { BoundedExport } from "./bounded-export.ts";
import { chooseSampler } from "./choose-sampler.ts";
import { ExportReport } from "./export-report.ts";
import { spanSource } from "./sdk-spans.ts";

export interface OtlpTracingDeps {
  /** The URL to which spans are posted. It precedes the endpoints of the environment. */
  readonly endpoint: string;
  readonly service: { readonly name: string; readonly version: string };
  /** Distinguishes the processes of one service. */
  readonly instance: string;
  readonly counts: ExportCounts;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Traces that are exported in the background. */
export interface OtlpTracing {
  readonly spans: SpanSource;
  /** Exports what is left when it stops, so it must stop after everything that is traced. */
  readonly component: Component;
}

/** A daemon has ten seconds to stop, and a collector that is down must not use them up. */
const flushMs = 2_000;
/** What our own spans say is shorter; this bounds what a caller's name adds. */
const spanLimits = { attributeValueLengthLimit: 512, attributeCountLimit: 32, eventCountLimit: 16 };

/**
 * Exports spans with the OpenTelemetry SDK by OTLP over HTTP. The SDK reads its headers, certificates and timeout from
 * the standard variables of the process.
 */
export function createOtlpTracing(deps: OtlpTracingDeps): OtlpTracing {
  const { endpoint, counts, environment, clock, logger } = deps;
  const onInvalid = (problem: string) => logger.warn("tracing variable ignored", { problem });
  const exporter = new OTLPTraceExporter({ url: endpoint });
  const report = new ExportReport({ counts, endpoint, clock, logger });
  const provider = new TracerProvider({
    sampler: chooseSampler(environment, onInvalid),
    resource: resourceOf(deps),
    spanLimits,
    spanProcessors: [new BoundedExport(exporter, batchOptions(environment, onInvalid), report)],
  });
  return {
    spans: spanSource(provider.getTracer("kasbah", deps.service.version), clock),
    component: {
      name: "traces",
      async start() {
        logger.info("traces are exported", { endpoint });
      },
      stop: () => shutDown(provider, clock),
    },
  };
}

function resourceOf({ service, instance }: OtlpTracingDeps): Resource {
  const own = resourceFromAttributes({
    "service.name": service.name,
    "service.version": service.version,
    "service.instance.id": instance,
  });
  const detectors = [resourceAttributesEnvDetector, serviceNameEnvDetector];
  return defaultResource().merge(own).merge(detectResources({ detectors }));
}

/** Waits for the last export, but not for a collector that does not answer. */
async function shutDown(provider: TracerProvider, clock: Clock): Promise<void> {
  const timer = new AbortController();
  const flushed = provider.shutdown().catch(() => undefined);
  await Promise.race([flushed, delay(clock, flushMs, timer.signal)]);
  timer.abort();
}
