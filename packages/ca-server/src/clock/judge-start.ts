import { arrived, ceilingOf, judge } from "./judge.ts";
import type { TimeRecord } from "./record.ts";
import { agreementMs, type ClockBounds, type ClockReading, type ClockState, roughly } from "./state.ts";

/** What is known when the CA starts. */
export interface StartFacts {
  readonly reading: ClockReading;
  /** Identifies the boot of this machine; undefined if the system has no such name. */
  readonly bootId: string | undefined;
  /** The time that was last recorded while the clock was trusted. */
  readonly record: TimeRecord | undefined;
  /** When this release was made: a lower bound only, since it may be first installed years later. */
  readonly buildMs: number;
}

/**
 * Judges the clock at the start. Since the same boot, the time that has passed is known. After another boot it
 * is not: the clock must only not be behind the record, nor too far ahead of it.
 */
export function judgeStart(facts: StartFacts, bounds: ClockBounds): ClockState {
  const { reading, bootId, record, buildMs } = facts;
  if (record !== undefined && isSameBoot(record, reading, bootId)) {
    return judge({ ...record.time, kind: "trusted" }, reading, bounds);
  }
  const limits = limitsOf(record, buildMs, bounds);
  const { floorMs, ceilingMs, reason } = limits;
  const { wallMs, bootMs } = reading;
  if (wallMs >= floorMs - agreementMs && wallMs <= ceilingMs) {
    return arrived(reading, record && earliestOf(record), ceilingOf(ceilingMs - bootMs));
  }
  return {
    kind: "unknown",
    reason: reason(wallMs),
    sinceBootMs: bootMs,
    floorMs: floorMs - bootMs,
    ceilingMs: ceilingMs - bootMs,
    recordedMs: record && earliestOf(record),
  };
}

interface Limits {
  readonly floorMs: number;
  readonly ceilingMs: number;
  reason(wallMs: number): string;
}

function limitsOf(record: TimeRecord | undefined, buildMs: number, { maxGapMs }: ClockBounds): Limits {
  if (record === undefined) {
    const date = new Date(buildMs).toISOString().slice(0, 10);
    return {
      floorMs: buildMs,
      ceilingMs: Number.POSITIVE_INFINITY,
      reason: (wallMs) =>
        `the clock shows ${new Date(wallMs).toISOString()}, but this release was made on ${date}`,
    };
  }
  const last = new Date(record.trustedMs).toISOString();
  return {
    floorMs: Math.max(earliestOf(record), buildMs),
    ceilingMs: record.trustedMs + maxGapMs,
    reason: (wallMs) => {
      const gapMs = wallMs - record.trustedMs;
      return `the clock is ${roughly(gapMs)} ${gapMs < 0 ? "behind" : "ahead of"} the last trusted time (${last}), and the machine has booted since`;
    },
  };
}

/**
 * The earliest time that it may have been at the last record. A clock that was set ahead shortly before, or that
 * nothing had confirmed since boot, may have been wrong, and a reboot puts it right.
 */
function earliestOf({ trustedMs, bootMs, time }: TimeRecord): number {
  const offsets = time.former.map(({ offsetMs }) => offsetMs);
  if (time.arrival !== undefined) offsets.push(time.arrival.floorMs);
  return Math.min(trustedMs, ...offsets.map((offsetMs) => offsetMs + bootMs));
}

function isSameBoot(record: TimeRecord, { bootMs }: ClockReading, bootId: string | undefined): boolean {
  return bootId !== undefined && record.bootId === bootId && bootMs >= record.bootMs;
}
