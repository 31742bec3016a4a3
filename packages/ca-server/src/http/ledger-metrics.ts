import { Counter, Gauge, type Registry } from "@kasbah/runtime";

/** What the ledger counts. */
export interface LedgerMetrics {
  /** A refusal of a caller that was not known is not written: its address has had its share, too many came, or the disk failed. */
  readonly refusalDropped: (why: "peer" | "crowd" | "disk") => void;
}

/** What is read from the ledger at each scrape. */
export interface LedgerGauges {
  /** Entries that are durable. */
  readonly size: number;
}

export function createLedgerMetrics(registry: Registry): LedgerMetrics {
  const dropped = new Counter({
    name: "kasbah_ledger_dropped",
    help: "Refusals of callers that were not known which went on no record, by why.",
    labelNames: ["why"],
    registers: [registry],
  });
  return { refusalDropped: (why) => dropped.inc({ why }) };
}

export function registerLedgerGauges(registry: Registry, ledger: LedgerGauges): void {
  new Gauge({
    name: "kasbah_ledger_entries",
    help: "Entries of the ledger.",
    registers: [registry],
    collect() {
      this.set(ledger.size);
    },
  });
}
