import { Counter, type Registry } from "@kasbah/runtime";
import { gaugeFactory } from "./metrics.ts";

/** What the ledger counts. */
export interface LedgerMetrics {
  /** A refusal of a caller that was not known is not written: its address has had its share, too many came, or the disk failed. */
  readonly refusalDropped: (why: "peer" | "crowd" | "disk") => void;
  /** Something that may be a theft was seen. */
  readonly alarmRaised: (alarm: string) => void;
}

/** What is read from the ledger at each scrape. */
export interface LedgerGauges {
  /** Entries that are durable. */
  readonly size: number;
  /** Entries that the last checkpoint covers. */
  readonly signedSize: number;
}

export function createLedgerMetrics(registry: Registry): LedgerMetrics {
  const dropped = new Counter({
    name: "kasbah_ledger_dropped",
    help: "Refusals of unauthenticated callers that the ledger did not record, by reason.",
    labelNames: ["why"],
    registers: [registry],
  });
  const alarms = new Counter({
    name: "kasbah_alarms",
    help: "Possible thefts of certificates, by kind; the log names the certificate.",
    labelNames: ["alarm"],
    registers: [registry],
  });
  return {
    refusalDropped: (why) => dropped.inc({ why }),
    alarmRaised: (alarm) => alarms.inc({ alarm }),
  };
}

export function registerLedgerGauges(registry: Registry, ledger: () => LedgerGauges): void {
  const gauge = gaugeFactory(registry);
  gauge("kasbah_ledger_entries", "Entries in the ledger.", () => ledger().size);
  gauge(
    "kasbah_ledger_signed_entries",
    "Entries that its last checkpoint covers.",
    () => ledger().signedSize,
  );
}
