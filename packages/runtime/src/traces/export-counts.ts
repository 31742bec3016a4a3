import { Counter } from "../metrics/counter.ts";
import type { Registry } from "../metrics/registry.ts";

/** Counts the spans that left the daemon, and those that were lost. */
export interface ExportCounts {
  /** The collector took them. */
  exported(spans: number): void;
  /** The collector could not be reached, or refused them. */
  failed(spans: number): void;
  /** The queue was full. */
  dropped(spans: number): void;
}

/** Registers the counter of a daemon. It stays empty without an endpoint. */
export function registerExportCounts(registry: Registry, name: string): ExportCounts {
  const spans = new Counter({
    name,
    help: "Spans of traces, by outcome: exported, failed (the collector did not take them), or dropped (the queue was full). Issuance never waits for them.",
    labelNames: ["outcome"],
    registers: [registry],
  });
  const counting = (outcome: string) => (count: number) => spans.inc({ outcome }, count);
  return { exported: counting("exported"), failed: counting("failed"), dropped: counting("dropped") };
}
