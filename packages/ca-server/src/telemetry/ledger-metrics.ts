import type { SpaceUse } from "@kasbah/ledger";
import { Counter, type Registry } from "@kasbah/runtime";
import { gaugeFactory } from "./metrics.ts";

/** Counts events of the ledger. */
export interface LedgerMetrics {
  /**
   * The ledger did not record the refusal of an unauthenticated caller: its address or all such callers
   * exceeded their limit, or the disk failed.
   */
  readonly refusalDropped: (why: "peer" | "crowd" | "disk") => void;
  /** The ledger raised an alarm about a possible theft. */
  readonly alarmRaised: (alarm: string) => void;
  /** The first certificate of a name was issued. */
  readonly nameIsNew: () => void;
}

/** The values that each scrape reads from the ledger. */
export interface LedgerGauges {
  /** The number of durable entries. */
  readonly size: number;
  /** The number of entries that the last checkpoint covers. */
  readonly signedSize: number;
  /** Whether a loss of the ledger waits for an operator. */
  readonly isLost: boolean;
  readonly space: SpaceUse;
}

export function createLedgerMetrics(registry: Registry): LedgerMetrics {
  const dropped = new Counter({
    name: "kasbah_ledger_dropped",
    help: "Refusals of unauthenticated callers that were not recorded: the address exceeded its share (peer), too many arrived (crowd), or the disk failed (disk).",
    labelNames: ["why"],
    registers: [registry],
  });
  const alarms = new Counter({
    name: "kasbah_alarms",
    help: "Unusual certificates, which may be stolen, by kind such as token_from_two_addresses; the log names each.",
    labelNames: ["alarm"],
    registers: [registry],
  });
  const names = new Counter({
    name: "kasbah_new_names_total",
    help: "Names that got their first certificate.",
    registers: [registry],
  });
  names.inc(0);
  return {
    nameIsNew: () => names.inc(),
    refusalDropped: (why) => dropped.inc({ why }),
    alarmRaised: (alarm) => alarms.inc({ alarm }),
  };
}

export function registerLedgerGauges(registry: Registry, ledger: () => LedgerGauges): void {
  const gauge = gaugeFactory(registry);
  gauge("kasbah_ledger_entries", "Entries in the ledger.", () => ledger().size);
  gauge(
    "kasbah_ledger_signed_entries",
    "Entries that the last checkpoint covers; if it stays below kasbah_ledger_entries, the CA cannot write the checkpoint.",
    () => ledger().signedSize,
  );
  gauge(
    "kasbah_ledger_lost",
    "1 while a lost ledger, of this replica or of another, waits for kasbah audit accept-loss here.",
    () => Number(ledger().isLost),
  );
  const space = () => ledger().space;
  gauge("kasbah_ledger_bytes", "Bytes of the ledger on its volume.", () => space().bytes);
  gauge(
    "kasbah_ledger_max_bytes",
    "Most bytes that the ledger may take before its oldest entries are deleted; 0 if there is no limit.",
    () => space().maxBytes ?? 0,
  );
  gauge("kasbah_state_volume_bytes", "Size of the volume of the state directory.", () => space().volume.size);
  gauge(
    "kasbah_state_volume_free_bytes",
    "Free bytes of the volume of the state directory.",
    () => space().volume.free,
  );
}
