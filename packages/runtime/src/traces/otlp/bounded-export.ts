import { TraceFlags } from "@opentelemetry/api";
import {
  BatchSpanProcessor,
  type BatchSpanProcessorOptions,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace";
import type { ExportReport } from "./export-report.ts";

type ExportResult = Parameters<Parameters<SpanExporter["export"]>[1]>[0];

/** `ExportResultCode.SUCCESS` of @opentelemetry/core, which is an enum without a value at run time here. */
const success: ExportResult["code"] = 0;

/**
 * Holds at most `maxQueueSize` spans, those in flight included, and reports what became of each. The processor of the
 * SDK bounds its queue too, but does not say how many spans it drops.
 */
export class BoundedExport implements SpanProcessor {
  readonly #inner: BatchSpanProcessor;
  readonly #report: ExportReport;
  readonly #most: number;
  #held = 0;

  constructor(
    exporter: SpanExporter,
    options: Omit<BatchSpanProcessorOptions, "exporter"> & { readonly maxQueueSize: number },
    report: ExportReport,
  ) {
    this.#most = options.maxQueueSize;
    this.#report = report;
    this.#inner = new BatchSpanProcessor({ ...options, exporter: this.#reporting(exporter) });
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.#held >= this.#most) {
      this.#report.dropped(1);
      return;
    }
    this.#held += 1;
    this.#inner.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#inner.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }

  #reporting(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          this.#held -= spans.length;
          if (result.code === success) this.#report.exported(spans.length);
          else this.#report.failed(spans.length, reasonOf(result));
          done(result);
        }),
      shutdown: () => exporter.shutdown(),
    };
  }
}

const maxReasonLength = 200;

function reasonOf({ error }: ExportResult): string {
  if (error === undefined) return "the collector did not accept the spans";
  const status = "code" in error && typeof error.code === "number" ? `HTTP ${error.code} ` : "";
  return `${status}${error.message}`.trim().slice(0, maxReasonLength);
}
