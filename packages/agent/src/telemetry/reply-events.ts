import { Counter, Gauge, type Registry } from "@kasbah/runtime";
import type { ReplyObserver } from "../ca/secret-source.ts";

/** With a greater offset, the agent or its peers may reject leaves. */
const tolerableOffsetMs = 30_000;

/** Observations from the CA's replies. */
export interface ReplyEvents extends ReplyObserver {
  /** How far the CA's clock is ahead of the local clock, as last measured. */
  readonly clockOffsetMs: number | undefined;
  /** A warning for the readiness page if the clocks are too far apart. */
  readonly clockWarning: string | undefined;
}

/** Counts discarded replies and keeps the clock offset. */
export function observeReplies(registry: Registry): ReplyEvents {
  const registers = [registry];
  const discarded = new Counter({
    name: "kasbah_agent_ca_replies_discarded",
    help: "CA replies that failed verification, by the rule they broke.",
    labelNames: ["reason"],
    registers,
  });
  const offset = new Gauge({
    name: "kasbah_agent_clock_offset_seconds",
    help: "Seconds by which the CA's clock is ahead of the local clock; negative if it is behind, 0 until measured.",
    registers,
  });
  let clockOffsetMs: number | undefined;
  return {
    get clockOffsetMs() {
      return clockOffsetMs;
    },
    get clockWarning() {
      if (clockOffsetMs === undefined || Math.abs(clockOffsetMs) <= tolerableOffsetMs) return undefined;
      const seconds = Math.round(Math.abs(clockOffsetMs) / 1_000);
      return `the local clock is ${seconds} s ${clockOffsetMs > 0 ? "behind" : "ahead of"} the CA's clock; set it`;
    },
    onDiscarded: (reason) => discarded.inc({ reason }),
    onClockOffset(offsetMs) {
      clockOffsetMs = offsetMs;
      offset.set(offsetMs / 1_000);
    },
  };
}
