import type { IssuedEntry } from "@kasbah/ledger";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import type { LedgerMetrics } from "../../telemetry/ledger-metrics.ts";
import { Alarms } from "./alarms.ts";
import { NewNames } from "./new-names.ts";

export interface UnusualDeps {
  readonly metrics: Pick<LedgerMetrics, "alarmRaised" | "nameIsNew">;
  readonly isNameKnown: (spiffeId: string) => boolean | undefined;
  readonly sweep: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Looks at each issued certificate for what an operator may want to know. */
export function createUnusual({ metrics, isNameKnown, sweep, clock, logger }: UnusualDeps): {
  look(entry: IssuedEntry): void;
  readonly component: Component;
} {
  const alarms = new Alarms({ onAlarm: metrics.alarmRaised, logger });
  const newNames = new NewNames({ isNameKnown, onNewName: metrics.nameIsNew, sweep, clock, logger });
  return {
    look(entry) {
      alarms.look(entry);
      newNames.look(entry);
    },
    component: newNames,
  };
}
