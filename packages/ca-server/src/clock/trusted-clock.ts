import type { Clock, Logger } from "@kasbah/runtime";
import { CaError } from "../errors.ts";
import { compareClocks } from "./compare-clocks.ts";
import { confirmed, judge, settlingMs } from "./judge.ts";
import { agree, type ClockBounds, type ClockReading, type ClockState, roughly } from "./state.ts";

export interface TrustedClockDeps {
  /** The clocks of the machine. */
  readonly clock: Clock;
  readonly bounds: ClockBounds;
  readonly buildMs: number;
  readonly initial: ClockState;
  readonly logger: Logger;
}

/** ClockReading the boot time costs a system call, and a clock that moved by less than this has not jumped. */
const unjudgedMs = 1_000;
/** How long a caller waits before it asks again. */
const retryAfterMs = 30_000;
const advice = "set the clock of this machine, or, if it is right, run kasbah clock accept";

/**
 * A clock whose `now()` is trusted time: the wall clock while it is trusted, else the last trusted time plus
 * the boot time since. Every reading is judged, so nothing acts on a jump before it is noticed.
 */
export class TrustedClock implements Clock {
  readonly #deps: TrustedClockDeps;
  readonly #listeners: (() => void)[] = [];
  #state: ClockState;
  #judgedAt: ClockReading;

  constructor(deps: TrustedClockDeps) {
    this.#deps = deps;
    this.#state = deps.initial;
    this.#judgedAt = this.reading();
    this.#log(undefined);
  }

  now(): Date {
    const wall = this.#deps.clock.now();
    const movedMs = wall.getTime() - this.#judgedAt.wallMs;
    if (this.#state.kind === "trusted" && movedMs >= 0 && movedMs < unjudgedMs) return wall;
    return new Date(this.look());
  }

  monotonicMs(): number {
    return this.#deps.clock.monotonicMs();
  }

  bootMs(): number {
    return this.#deps.clock.bootMs();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#deps.clock.sleep(ms, signal);
  }

  /** The same clock, as late as it may be: the time of everything that waits for certificates to expire. */
  get latest(): Clock {
    return {
      now: () => this.#latestNow(),
      monotonicMs: () => this.monotonicMs(),
      bootMs: () => this.bootMs(),
      sleep: (ms, signal) => this.sleep(ms, signal),
    };
  }

  get state(): ClockState {
    return this.#state;
  }

  reading(): ClockReading {
    const { clock } = this.#deps;
    return { wallMs: clock.now().getTime(), bootMs: clock.bootMs() };
  }

  /** Whether the wall clock of the machine is used. */
  isWallTrusted(): boolean {
    this.look();
    return this.#state.kind === "trusted";
  }

  /** Registers a listener for every change of the state. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Judges the wall clock now, and returns the trusted time. */
  look(): number {
    const reading = this.reading();
    this.#become(judge(this.#state, reading, this.#deps.bounds), reading);
    return this.#timeAt(reading);
  }

  /** Compares the wall clock with a second one that showed `referenceMs` just now. */
  compare(referenceMs: number): void {
    this.look();
    const reading = this.reading();
    this.#become(compareClocks(this.#state, reading, referenceMs, this.#deps.buildMs), reading);
  }

  /** Whether the wall clock may be right: it shows no time before this release. */
  mayAccept(): boolean {
    return this.reading().wallMs >= this.#deps.buildMs;
  }

  /** An operator vouches for the wall clock. */
  accept(): void {
    const reading = this.reading();
    this.#become({ ...confirmed(reading), accepted: true }, reading);
  }

  /** Why nothing irreversible may happen now; undefined if it may. */
  holds(): string | undefined {
    this.look();
    const state = this.#state;
    if (state.kind !== "trusted") return state.reason;
    return state.dispute ?? this.#unsettled();
  }

  /** @throws CaError `CLOCK_SUSPECT` if the time is not known, so that no certificate can be issued */
  requireTime(): void {
    if (this.#state.kind === "trusted") return;
    this.look();
    const state = this.#state;
    if (state.kind === "unknown")
      throw new CaError("CLOCK_SUSPECT", state.reason, { fix: this.#fix(), retryAfterMs });
  }

  /** What an operator should know, one sentence each. */
  warnings(): readonly string[] {
    const reason = this.holds();
    if (reason === undefined) return [];
    return [`CLOCK_SUSPECT: ${reason}: ${this.#consequence()}; ${this.#fix()}`];
  }

  #fix(): string {
    return this.mayAccept() ? advice : "set the clock of this machine";
  }

  #consequence(): string {
    const idle = "rotations, the destruction of keys and the pruning of the ledger wait";
    if (this.#state.kind === "unknown") return `the CA does not issue, and ${idle}`;
    const time = new Date(this.#timeAt(this.reading())).toISOString();
    return `the CA issues by its own time (${time}), and ${idle}`;
  }

  #unsettled(): string | undefined {
    if (this.#state.kind !== "trusted") return undefined;
    const { gapMs = 0, atBootMs = 0 } = this.#state.arrival ?? {};
    const isShort = gapMs <= this.#deps.bounds.maxJumpMs || this.bootMs() - atBootMs >= settlingMs;
    if (isShort) return undefined;
    return `the last trusted time was recorded ${roughly(gapMs)} ago, on an earlier boot of this machine, and nothing has confirmed the clock for an hour`;
  }

  #latestNow(): Date {
    const nowMs = this.now().getTime();
    const state = this.#state;
    if (state.kind === "unknown" || state.former.length === 0) return new Date(nowMs);
    const bootMs = this.bootMs();
    return new Date(Math.min(nowMs, ...state.former.map(({ offsetMs }) => offsetMs + bootMs)));
  }

  #timeAt({ wallMs, bootMs }: ClockReading): number {
    const state = this.#state;
    if (state.kind === "trusted") return wallMs;
    return bootMs + (state.kind === "suspect" ? state.offsetMs : state.floorMs);
  }

  #become(state: ClockState, reading: ClockReading): void {
    const before = this.#state;
    this.#state = state;
    this.#judgedAt = reading;
    if (before === state) return;
    this.#log(before);
    for (const listener of this.#listeners) listener();
  }

  /** One line for each change that an operator would ask about. */
  #log(before: ClockState | undefined): void {
    const state = this.#state;
    const { logger } = this.#deps;
    const reading = this.reading();
    const facts = { wallTime: new Date(reading.wallMs), trustedTime: new Date(this.#timeAt(reading)) };
    const reason = doubtOf(state);
    if (reason === (before && doubtOf(before))) {
      const stepMs = before === undefined ? 0 : stepBetween(before, state);
      if (stepMs !== 0)
        logger.warn("clock of the machine was set", { aheadMs: Math.round(stepMs), ...facts });
      return;
    }
    if (reason === undefined) logger.info("clock is trusted again", facts);
    else logger.warn("clock is suspect", { code: "CLOCK_SUSPECT", reason, fix: this.#fix(), ...facts });
  }
}

/** By how much a trusted clock was set, which the CA follows; 0 for a correction that needs no notice. */
function stepBetween(before: ClockState, after: ClockState): number {
  if (before.kind !== "trusted" || after.kind !== "trusted") return 0;
  return agree(before.offsetMs, after.offsetMs) ? 0 : after.offsetMs - before.offsetMs;
}

function doubtOf(state: ClockState): string | undefined {
  return state.kind === "trusted" ? state.dispute : state.reason;
}
