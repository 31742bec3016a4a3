import { arrivalAt, ceilingOf, confirmed, remembered } from "./judge.ts";
import {
  type Arrival,
  agree,
  agreementMs,
  type ClockReading,
  type ClockState,
  type FormerOffset,
  type KnownTime,
  type Offset,
  offsetOf,
  roughly,
} from "./state.ts";

/**
 * Holds the wall clock against a second one, the API server's. It decides where this machine does not know the
 * time. It confirms a clock that was set back. It never confirms one that was set ahead: on a cluster of one
 * machine both clocks are the same.
 */
export function compareClocks(
  state: ClockState,
  reading: ClockReading,
  referenceMs: number,
  buildMs: number,
): ClockState {
  if (referenceMs < buildMs) return state;
  const reference = referenceMs - reading.bootMs;
  return agree(offsetOf(reading), reference)
    ? agreed(state, reading)
    : contradicted(state, reading, referenceMs);
}

function agreed(state: ClockState, reading: ClockReading): ClockState {
  if (state.kind === "unknown") return { ...confirmed(reading), ceilingMs: ceilingOf(state.ceilingMs) };
  if (state.kind === "suspect") return offsetOf(reading) < state.offsetMs ? setBack(state, reading) : state;
  const { dispute, arrival, accepted } = state;
  if (dispute === undefined && arrival === undefined && accepted === undefined) return state;
  return { ...state, dispute: undefined, arrival: undefined, accepted: undefined };
}

/**
 * The time before is remembered: on a cluster of one machine the API server's clock is set back with this one, and
 * later put right with it.
 */
function setBack({ former, offsetMs, ceilingMs }: KnownTime, reading: ClockReading): ClockState {
  const left: FormerOffset = { offsetMs, leftAtBootMs: reading.bootMs };
  return { ...confirmed(reading), former: remembered(former, left), ceilingMs };
}

function contradicted(state: ClockState, reading: ClockReading, referenceMs: number): ClockState {
  const reference = referenceMs - reading.bootMs;
  const driftMs = offsetOf(reading) - reference;
  const reason = `the clock is ${roughly(driftMs)} ${driftMs > 0 ? "ahead of" : "behind"} the API server's`;
  if (state.kind === "unknown") {
    if (reference < state.floorMs - agreementMs) return state;
    const arrival = arrivalAt({ ...reading, wallMs: referenceMs }, state.recordedMs);
    return suspectAt(reference, reading, { reason, former: [], arrival });
  }
  const { former, arrival } = state;
  if (state.kind === "suspect") {
    return arrival === undefined ? state : { ...state, offsetMs: reference };
  }
  if (state.accepted) return state;
  const wasRight = former.some(({ offsetMs }) => agree(offsetMs, reference));
  if (wasRight || arrival !== undefined) {
    const left = arrival && withoutReturn(arrival, driftMs < 0 ? reference : undefined);
    return suspectAt(reference, reading, { reason, former, arrival: left });
  }
  return { ...state, dispute: `${reason}, and nothing on this machine shows which of them is wrong` };
}

/** A first clock that is behind the second one was wrong at boot, so the way back to it is closed. */
function withoutReturn(arrival: Arrival, behind: Offset | undefined): Arrival {
  return behind === undefined ? arrival : { ...arrival, floorMs: Math.max(arrival.floorMs, behind) };
}

function suspectAt(
  offsetMs: Offset,
  { bootMs }: ClockReading,
  rest: Pick<Extract<ClockState, { kind: "suspect" }>, "reason" | "former" | "arrival">,
): ClockState {
  return { ...rest, kind: "suspect", offsetMs, anchoredAtBootMs: bootMs };
}
