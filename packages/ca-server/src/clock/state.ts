/** The two clocks of the machine at one moment. */
export interface ClockReading {
  readonly wallMs: number;
  /** Time since the machine booted, including the time in which it was suspended. */
  readonly bootMs: number;
}

export interface ClockBounds {
  /** How far the wall clock may be set ahead while the machine runs. */
  readonly maxJumpMs: number;
  /** How far the wall clock may be ahead of the last recorded time after the machine has booted. */
  readonly maxGapMs: number;
}

/**
 * Wall time minus boot time. It changes only when the wall clock is set: slewing changes the speed of both
 * clocks, and both count a suspension.
 */
export type Offset = number;

/** An offset that was trusted until the wall clock was set ahead within the bounds. */
export interface FormerOffset {
  readonly offsetMs: Offset;
  readonly leftAtBootMs: number;
}

/** How a wall clock was trusted that nothing on this machine could confirm. */
export interface Arrival {
  readonly atBootMs: number;
  /** The wall clock may be set back as far as this without a doubt. */
  readonly floorMs: Offset;
  /** The time since the last record; undefined if there was none. */
  readonly gapMs: number | undefined;
}

/** A clock whose time is known: its trusted time is the offset plus the boot time. */
export interface KnownTime {
  readonly offsetMs: Offset;
  readonly anchoredAtBootMs: number;
  readonly former: readonly FormerOffset[];
  readonly arrival?: Arrival | undefined;
  /** In the first hour after boot, the wall clock may be set ahead as far as this without a doubt. */
  readonly ceilingMs?: Offset | undefined;
  /** An operator has accepted this clock although the API server's differs. */
  readonly accepted?: boolean | undefined;
}

export interface TrustedState extends KnownTime {
  readonly kind: "trusted";
  /** Why the API server contradicts a clock that this machine itself confirms. */
  readonly dispute?: string | undefined;
}

/** The wall clock is wrong; the time is carried on by the boot time. */
interface SuspectState extends KnownTime {
  readonly kind: "suspect";
  readonly reason: string;
}

/** The wall clock is wrong, and nothing tells the time: only its limits are known. */
export interface UnknownState {
  readonly kind: "unknown";
  readonly reason: string;
  readonly sinceBootMs: number;
  readonly floorMs: Offset;
  readonly ceilingMs: Offset;
  /** The last recorded time; undefined if there is none. */
  readonly recordedMs: number | undefined;
}

export type ClockState = TrustedState | SuspectState | UnknownState;

/** Clocks that differ by less agree with each other. */
export const agreementMs = 5 * 60_000;

export function offsetOf({ wallMs, bootMs }: ClockReading): Offset {
  return wallMs - bootMs;
}

export function agree(one: Offset, other: Offset): boolean {
  return Math.abs(one - other) <= agreementMs;
}

/** A duration for people: "8 years", "3 days", "15 min". */
export function roughly(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  if (hours < 48) return `${hours} h`;
  const days = Math.round(hours / 24);
  return days < 730 ? `${days} days` : `${Math.round(days / 365)} years`;
}
