import type { Registry } from "@kasbah/runtime";
import { gaugeFactory } from "./metrics.ts";

/** What the gauges of the clock show. */
export interface ClockGauges {
  holds(): string | undefined;
  now(): Date;
  reading(): { readonly wallMs: number };
}

export function registerClockGauges(registry: Registry, clock: ClockGauges): void {
  const gauge = gaugeFactory(registry);
  const suspect = "1 while the CA does not trust the clock of its machine, else 0.";
  gauge("kasbah_clock_suspect", suspect, () => (clock.holds() === undefined ? 0 : 1));
  const ahead =
    "Seconds by which the clock of the machine is ahead of the CA's trusted time; negative if it is behind.";
  gauge("kasbah_clock_ahead_seconds", ahead, () => (clock.reading().wallMs - clock.now().getTime()) / 1000);
}
