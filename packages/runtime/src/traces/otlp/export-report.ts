import type { Clock } from "../../clock.ts";
import type { Logger } from "../../log/log.ts";
import type { ExportCounts } from "../export-counts.ts";

export interface ExportReportDeps {
  readonly counts: ExportCounts;
  readonly endpoint: string;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly logger: Logger;
}

/** Spans that are lost again within this time belong to the same failure: a collector may take one batch of ten. */
const quietMs = 60_000;

/** Counts exports, and logs when they begin to fail and when they work again. */
export class ExportReport {
  readonly #deps: ExportReportDeps;
  #lost = 0;
  #lastLossMs = 0;

  constructor(deps: ExportReportDeps) {
    this.#deps = deps;
  }

  exported(spans: number): void {
    const { counts, endpoint, clock, logger } = this.#deps;
    counts.exported(spans);
    if (this.#lost === 0 || clock.monotonicMs() - this.#lastLossMs < quietMs) return;
    logger.info("traces are exported again", { endpoint, lostSpans: this.#lost });
    this.#lost = 0;
  }

  failed(spans: number, reason: string): void {
    this.#deps.counts.failed(spans);
    this.#lose(spans, reason);
  }

  dropped(spans: number): void {
    this.#deps.counts.dropped(spans);
    this.#lose(spans, "more spans end than the collector takes, and the queue is full");
  }

  #lose(spans: number, reason: string): void {
    const { endpoint, clock, logger } = this.#deps;
    if (this.#lost === 0) logger.warn("traces are lost; certificates are not affected", { endpoint, reason });
    this.#lost += spans;
    this.#lastLossMs = clock.monotonicMs();
  }
}
