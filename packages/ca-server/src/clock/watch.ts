import { type Component, type Logger, Loop, OncePerReason } from "@kasbah/runtime";
import type { RecordFile } from "./record.ts";
import type { TrustedClock } from "./trusted-clock.ts";

export interface ClockWatchDeps {
  readonly clock: TrustedClock;
  readonly bootId: string | undefined;
  readonly file: Pick<RecordFile, "write">;
  /** Reads a second clock; undefined if there is none. It rejects if it cannot be read. */
  readonly reference: (() => Promise<number>) | undefined;
  readonly logger: Logger;
}

const lookMs = 1_000;
const recordMs = 60_000;
const compareMs = 30_000;
const compareInDoubtMs = 5_000;
/** An answer that took longer shows a time that has passed. */
const slowestMs = 60_000;

/** Looks at the clock each second, compares it with the second clock, and records the time while it is trusted. */
export class ClockWatch implements Component {
  readonly name = "clock watch";
  readonly #deps: ClockWatchDeps;
  readonly #loop: Loop;
  readonly #trouble = new OncePerReason();
  #recordedAtMs = Number.NEGATIVE_INFINITY;
  #comparedAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: ClockWatchDeps) {
    this.#deps = deps;
    this.#loop = new Loop({ clock: deps.clock, pass: () => this.look() });
    deps.clock.onChange(() => {
      this.#recordedAtMs = Number.NEGATIVE_INFINITY;
    });
  }

  async start(): Promise<void> {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    this.#recordedAtMs = Number.NEGATIVE_INFINITY;
    await this.#record();
  }

  /** One round; returns the pause before the next. */
  async look(): Promise<number> {
    this.#deps.clock.look();
    await this.#compare();
    await this.#record();
    return lookMs;
  }

  async #compare(): Promise<void> {
    const { clock, reference, logger } = this.#deps;
    if (reference === undefined) return;
    const atMs = clock.bootMs();
    const pauseMs = clock.holds() === undefined ? compareMs : compareInDoubtMs;
    if (atMs - this.#comparedAtMs < pauseMs) return;
    this.#comparedAtMs = atMs;
    try {
      const referenceMs = await reference();
      if (clock.bootMs() - atMs < slowestMs) clock.compare(referenceMs);
    } catch (error) {
      logger.debug("cannot read the API server's clock", { error });
    }
  }

  /** A clock in doubt records nothing, so the last trusted time stays what it is. */
  async #record(): Promise<void> {
    const { clock, bootId, file, logger } = this.#deps;
    const { state } = clock;
    const { wallMs, bootMs } = clock.reading();
    if (state.kind !== "trusted" || state.dispute !== undefined) return;
    if (bootMs - this.#recordedAtMs < recordMs) return;
    this.#recordedAtMs = bootMs;
    try {
      await file.write({ trustedMs: wallMs, bootMs, bootId, time: state });
      this.#trouble.clear();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#trouble.failed(reason, () => logger.warn("cannot record the trusted time", { error }));
    }
  }
}
