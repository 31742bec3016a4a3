import {
  type Arrival,
  agree,
  agreementMs,
  type ClockBounds,
  type ClockReading,
  type ClockState,
  type FormerOffset,
  type KnownTime,
  type Offset,
  offsetOf,
  roughly,
  type TrustedState,
  type UnknownState,
} from "./state.ts";

/** Small corrections add up to no more than one agreement per hour. */
const anchorMs = 3_600_000;
/** How long a former offset is remembered. Every leaf of the default lifetime expires in that time. */
const rememberMs = 7 * 86_400_000;
const rememberedOffsets = 8;
/** NTP sets a clock that was wrong at boot within minutes. */
export const settlingMs = 3_600_000;

/** Judges the wall clock by the boot time that has passed. Pure: the reading is the only source of time. */
export function judge(state: ClockState, reading: ClockReading, bounds: ClockBounds): ClockState {
  if (state.kind === "unknown") return judgeUnknown(state, reading);
  const known = settled(state, reading, bounds);
  const offset = offsetOf(reading);
  const driftMs = offset - known.offsetMs;
  if (agree(offset, known.offsetMs)) return followed(known, reading);
  if (isReturn(known, offset)) return returned(known, reading);
  if (known.kind === "trusted" && mayStep(known, reading, bounds)) return stepped(known, reading);
  if (known.kind === "trusted" && isSetAfterBoot(known, reading)) return setAfterBoot(known, reading);
  if (known.kind === "suspect") return known;
  const { dispute: _, ...time } = known;
  const where = driftMs > 0 ? "ahead of" : "behind";
  const reason = `the clock is ${roughly(driftMs)} ${where} the time that has passed since it was last right`;
  return { ...time, kind: "suspect", reason };
}

/** Trusts a wall clock that nothing on this machine can confirm, because it lies within all limits. */
export function arrived(
  reading: ClockReading,
  recordedMs: number | undefined,
  ceilingMs: Offset | undefined,
): TrustedState {
  return { ...freshTime(reading), kind: "trusted", arrival: arrivalAt(reading, recordedMs), ceilingMs };
}

/** Without a record there is no limit, and then a clock that is set far ahead needs an operator. */
export function ceilingOf(offsetMs: Offset): Offset | undefined {
  return Number.isFinite(offsetMs) ? offsetMs : undefined;
}

/** Without a record, a clock that is set back could be the first that is wrong, so it has no room for it. */
export function arrivalAt({ wallMs, bootMs }: ClockReading, recordedMs: number | undefined): Arrival {
  const gapMs = recordedMs === undefined ? undefined : wallMs - recordedMs;
  return { atBootMs: bootMs, floorMs: (recordedMs ?? wallMs) - bootMs, gapMs };
}

/** Trusts the wall clock on the word of an operator, or of a second clock that agrees. */
export function confirmed(reading: ClockReading): TrustedState {
  return { ...freshTime(reading), kind: "trusted" };
}

function freshTime(reading: ClockReading): KnownTime {
  return { offsetMs: offsetOf(reading), anchoredAtBootMs: reading.bootMs, former: [] };
}

function judgeUnknown(state: UnknownState, reading: ClockReading): ClockState {
  const offset = offsetOf(reading);
  const isPlausible = offset >= state.floorMs - agreementMs && offset <= state.ceilingMs;
  return isPlausible ? arrived(reading, state.recordedMs, ceilingOf(state.ceilingMs)) : state;
}

/** Forgets what no longer matters: former offsets after a week, and the arrival after the bound of boot time. */
function settled<S extends KnownTime>(state: S, { bootMs }: ClockReading, { maxJumpMs }: ClockBounds): S {
  const former = state.former.filter(({ leftAtBootMs }) => bootMs - leftAtBootMs < rememberMs);
  const { arrival } = state;
  const isOver = arrival !== undefined && bootMs - arrival.atBootMs >= maxJumpMs;
  if (former.length === state.former.length && !isOver) return state;
  return { ...state, former, arrival: isOver ? undefined : arrival };
}

/** The clock agrees. The anchor follows it slowly, so that many small steps do not add up to a doubt. */
function followed(state: Exclude<ClockState, UnknownState>, reading: ClockReading): ClockState {
  if (state.kind === "suspect") {
    const { reason: _, ...time } = state;
    return { ...time, kind: "trusted" };
  }
  if (reading.bootMs - state.anchoredAtBootMs < anchorMs) return state;
  return { ...state, offsetMs: offsetOf(reading), anchoredAtBootMs: reading.bootMs };
}

/** Whether the clock was set back to where it was, or to where it may have been when the machine booted. */
function isReturn(known: KnownTime, offset: Offset): boolean {
  if (known.former.some(({ offsetMs }) => agree(offsetMs, offset))) return true;
  const { arrival } = known;
  return arrival !== undefined && offset < known.offsetMs && offset >= arrival.floorMs - agreementMs;
}

function returned({ arrival, former, ceilingMs }: KnownTime, reading: ClockReading): ClockState {
  const offset = offsetOf(reading);
  const before = former.filter(({ offsetMs }) => offsetMs < offset && !agree(offsetMs, offset));
  return { ...freshTime(reading), kind: "trusted", former: before, arrival, ceilingMs };
}

/**
 * A machine without a battery for its clock boots with the time of its last shutdown. The wall clock that NTP sets
 * then is as plausible as if it had been right when the CA started.
 */
function isSetAfterBoot({ offsetMs, ceilingMs }: KnownTime, reading: ClockReading): boolean {
  const offset = offsetOf(reading);
  return ceilingMs !== undefined && reading.bootMs < settlingMs && offset > offsetMs && offset <= ceilingMs;
}

/** The time from which the clock was set counts as the last record, so that it may be set back there. */
function setAfterBoot({ offsetMs, arrival, ceilingMs }: TrustedState, reading: ClockReading): TrustedState {
  const { bootMs } = reading;
  return arrived(reading, Math.min(offsetMs, arrival?.floorMs ?? offsetMs) + bootMs, ceilingMs);
}

/** Several steps within one bound of boot time count together. */
function mayStep(
  { former, offsetMs }: KnownTime,
  reading: ClockReading,
  { maxJumpMs }: ClockBounds,
): boolean {
  const recent = former.filter(({ leftAtBootMs }) => reading.bootMs - leftAtBootMs < maxJumpMs);
  const jumpMs = offsetOf(reading) - Math.min(offsetMs, ...recent.map((one) => one.offsetMs));
  return offsetOf(reading) > offsetMs && jumpMs <= maxJumpMs;
}

function stepped(
  { former, offsetMs, arrival, ceilingMs }: TrustedState,
  reading: ClockReading,
): TrustedState {
  const left: FormerOffset = { offsetMs, leftAtBootMs: reading.bootMs };
  const all = remembered(former, left);
  return { ...freshTime(reading), kind: "trusted", former: all, arrival, ceilingMs };
}

export function remembered(former: readonly FormerOffset[], left: FormerOffset): readonly FormerOffset[] {
  return [...former, left].slice(-rememberedOffsets);
}
