import assert from "node:assert/strict";
import { FakeClock, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { type ReadableSpan, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { BoundedExport } from "./bounded-export.ts";
import { ExportReport } from "./export-report.ts";

type Done = Parameters<SpanExporter["export"]>[1];

/** An exporter whose answers the test gives. */
class HeldExporter implements SpanExporter {
  readonly batches: { readonly spans: readonly ReadableSpan[]; readonly done: Done }[] = [];

  export(spans: ReadableSpan[], done: Done): void {
    this.batches.push({ spans, done });
  }

  async shutdown(): Promise<void> {}
}

describe("The export of spans", () => {
  const maxQueueSize = 30;
  let exporter: HeldExporter;
  let counted: Record<"exported" | "failed" | "dropped", number>;
  let clock: FakeClock;
  let logger: RecordingLogger;
  let endSpans: (count: number) => void;

  beforeEach(() => {
    exporter = new HeldExporter();
    counted = { exported: 0, failed: 0, dropped: 0 };
    clock = new FakeClock("2030-01-01T00:00:00Z");
    logger = recordingLogger();
    const counting = (outcome: keyof typeof counted) => (spans: number) => {
      counted[outcome] += spans;
    };
    const counts = {
      exported: counting("exported"),
      failed: counting("failed"),
      dropped: counting("dropped"),
    };
    const report = new ExportReport({ counts, endpoint: "http://collector/v1/traces", clock, logger });
    const options = { maxQueueSize, maxExportBatchSize: 10, scheduledDelayMillis: 60_000 };
    const provider = new TracerProvider({ spanProcessors: [new BoundedExport(exporter, options, report)] });
    const tracer = provider.getTracer("test");
    endSpans = (count) => {
      for (let index = 0; index < count; index++) tracer.startSpan("step").end();
    };
  });

  const events = () => logger.events.map(({ level, event }) => [level, event]);
  const lost = ["warn", "traces are lost; certificates are not affected"];

  it("holds a bounded number of spans while the collector does not answer, and counts each dropped one", () => {
    endSpans(5_000);
    const inFlight = exporter.batches.reduce((sum, { spans }) => sum + spans.length, 0);
    assert.ok(inFlight <= maxQueueSize);
    assert.deepEqual(counted, { exported: 0, failed: 0, dropped: 5_000 - maxQueueSize });
    assert.deepEqual(events(), [lost]);
  });

  it("makes room as soon as the collector has answered", () => {
    endSpans(maxQueueSize);
    exporter.batches[0]?.done({ code: 0 });
    assert.deepEqual(counted, { exported: 10, failed: 0, dropped: 0 });
    endSpans(11);
    assert.equal(counted.dropped, 1);
  });

  it("logs one warning with the reason when exports begin to fail, and one line when they have worked for a minute", async () => {
    endSpans(10);
    exporter.batches[0]?.done({ code: 1, error: Object.assign(new Error("Not Found"), { code: 404 }) });
    await new Promise(setImmediate);
    endSpans(10);
    exporter.batches[1]?.done({ code: 1, error: new Error("connect ECONNREFUSED") });
    await new Promise(setImmediate);
    assert.deepEqual(events(), [lost]);
    assert.equal(logger.events[0]?.facts["reason"], "HTTP 404 Not Found");
    assert.equal(counted.failed, 20);
    endSpans(10);
    exporter.batches[2]?.done({ code: 0 });
    await new Promise(setImmediate);
    assert.deepEqual(events(), [lost]);
    await clock.advance(60_000);
    endSpans(10);
    exporter.batches[3]?.done({ code: 0 });
    assert.deepEqual(events(), [lost, ["info", "traces are exported again"]]);
    assert.equal(logger.events[1]?.facts["lostSpans"], 20);
  });
});
