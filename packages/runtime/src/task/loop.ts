import type { Clock } from "../clock.ts";
import { delay } from "./delay.ts";

export interface LoopDeps {
  readonly clock: Clock;
  /**
   * Does one round of the work and returns the pause before the next, in milliseconds: 0 for none, `Infinity` until
   * `wake`, undefined to end the loop. Must not reject.
   */
  readonly pass: (signal: AbortSignal) => Promise<number | undefined>;
}

/** Repeats a pass, never two at a time, until it is stopped. */
export class Loop {
  readonly #deps: LoopDeps;
  readonly #stopping = new AbortController();
  #wake = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(deps: LoopDeps) {
    this.#deps = deps;
  }

  /** Aborted when the loop is stopped. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  start(firstAfterMs = 0): void {
    this.#running = this.#run(firstAfterMs);
  }

  /** Starts the next pass now. During a pass, the next one follows without a pause. */
  wake(): void {
    this.#wake.abort();
  }

  /** Resolves when the pass in progress has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(firstAfterMs: number): Promise<void> {
    const { signal } = this.#stopping;
    let pauseMs: number | undefined = firstAfterMs;
    while (pauseMs !== undefined) {
      if (pauseMs > 0) await this.#pause(pauseMs);
      if (signal.aborted) return;
      // Replaced before the pass, so that a wake during the pass shortens the pause after it.
      this.#wake = new AbortController();
      pauseMs = await this.#deps.pass(signal);
    }
  }

  #pause(ms: number): Promise<void> {
    return delay(this.#deps.clock, ms, AbortSignal.any([this.#stopping.signal, this.#wake.signal]));
  }
}
