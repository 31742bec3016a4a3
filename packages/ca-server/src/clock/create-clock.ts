import { join } from "node:path";
import { type Clock, delay, type Logger } from "@kasbah/runtime";
import { buildDate } from "./build-date.ts";
import { judgeStart } from "./judge-start.ts";
import { recordFile } from "./record.ts";
import type { ClockBounds } from "./state.ts";
import { TrustedClock } from "./trusted-clock.ts";
import { ClockWatch } from "./watch.ts";

export interface CaClockDeps {
  /** The directory of the control state, which this process has locked. */
  readonly directory: string;
  readonly bounds: ClockBounds;
  readonly bootId: string | undefined;
  /** Reads the API server's clock; undefined outside Kubernetes. */
  readonly reference: (() => Promise<number>) | undefined;
  /** The clocks of the machine. */
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface CaClock {
  readonly clock: TrustedClock;
  readonly watch: ClockWatch;
  /** Resolves as soon as the time is known. The first authority of a CA must not be created before. */
  known(): Promise<void>;
}

const lookMs = 1_000;
const never = new AbortController().signal;

/** Judges the clock of the machine, and returns the clock for every other room. */
export async function createClock(deps: CaClockDeps): Promise<CaClock> {
  const { directory, bounds, bootId, reference, clock: system, logger } = deps;
  const file = recordFile(join(directory, "clock.json"));
  const record = await file.read();
  const reading = { wallMs: system.now().getTime(), bootMs: system.bootMs() };
  const buildMs = buildDate.getTime();
  const initial = judgeStart({ reading, bootId, record, buildMs }, bounds);
  const clock = new TrustedClock({ clock: system, bounds, buildMs, initial, logger });
  const watch = new ClockWatch({ clock, bootId, file, reference, logger });
  await watch.look();
  return {
    clock,
    watch,
    async known() {
      while (clock.state.kind === "unknown") {
        await delay(clock, lookMs, never);
        await watch.look();
      }
    },
  };
}
