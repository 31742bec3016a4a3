import { mock } from "node:test";

/** Timers of this process that only fire when a test moves them. */
export interface ManualTimers extends Disposable {
  /** Moves the timers, which fire in their order. */
  tick(ms: number): void;
}

/**
 * Takes over `setTimeout` until it is disposed, for code that has no `Clock`: a connection cannot be too slow on a busy machine.
 * Declare it after the server under test, so that the server closes by real timers.
 */
export function manualTimers(): ManualTimers {
  mock.timers.enable({ apis: ["setTimeout"] });
  return { tick: (ms) => mock.timers.tick(ms), [Symbol.dispose]: () => mock.timers.reset() };
}
