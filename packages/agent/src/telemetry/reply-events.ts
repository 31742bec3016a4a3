import { Counter, Gauge, type Registry } from "@kasbah/runtime";
import type { ReplyObserver } from "../ca/secret-source.ts";

/** More than this, and leaves may be refused by us or by peers. */
const tolerableOffsetMs = 30_000;

/** What replies of the CA tell. */
export interface ReplyEvents extends ReplyObserver {
  /** How far the CA's clock is ahead of ours, as last measured. */
  readonly clockOffsetMs: number | undefined;
  /** A sentence for the readiness page while the clocks are too far apart. */
  readonly clockWarning: string | undefined;
}

/** Counts replies that were discarded, and keeps the clock's offset. */
export function observeReplies(registry: Registry): ReplyEvents {
  const registers = [registry];
  const discarded = new Counter({
    name: "kasbah_agent_ca_replies_discarded",
    help: "Replies of the CA that were not believed, by the rule that they broke.",
    labelNames: ["reason"],
    registers,
  });
  const offset = new Gauge({
    name: "kasbah_agent_clock_offset_seconds",
    help: "How far the CA's clock is ahead of the local one; 0 until it could be measured.",
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
      return `the local clock is ${seconds} s ${clockOffsetMs > 0 ? "behind" : "ahead of"} the CA's; set it`;
    },
    onDiscarded: (reason) => discarded.inc({ reason }),
    onClockOffset(offsetMs) {
      clockOffsetMs = offsetMs;
      offset.set(offsetMs / 1_000);
    },
  };
}
