import { type ConfigOf, option, parseDuration, schema } from "@kasbah/runtime";
import type { ClockBounds } from "../clock/state.ts";

const group = "Clock";
const maxJump = "24h";
const maxGap = "2160h";

/** How far the wall clock may move before the CA no longer trusts it. */
export const clockOptions = {
  maxClockJump: option({
    flag: "--max-clock-jump <duration>",
    env: "KASBAH_MAX_CLOCK_JUMP",
    help: "how far the clock may be set ahead while the machine runs; beyond it, the CA continues with its own time",
    schema: schema.duration,
    default: maxJump,
    group,
  }),
  maxClockGap: option({
    flag: "--max-clock-gap <duration>",
    env: "KASBAH_MAX_CLOCK_GAP",
    help: "how far the clock may be ahead of the last recorded time when the CA starts on a machine that has booted since",
    schema: schema.duration,
    default: maxGap,
    group,
  }),
};

/** The bounds of the clock. */
export function clockBoundsOf(config: ConfigOf<typeof clockOptions>): ClockBounds {
  return { maxJumpMs: config.maxClockJump, maxGapMs: config.maxClockGap };
}

/** The bounds of a CA whose flags are unknown. */
export const defaultClockBounds: ClockBounds = {
  maxJumpMs: parseDuration(maxJump),
  maxGapMs: parseDuration(maxGap),
};
