import { delay, type Logger } from "@kasbah/runtime";
import { StateError } from "../errors.ts";
import type { TrustedClock } from "./trusted-clock.ts";
import type { ClockWatch } from "./watch.ts";

export interface RetryDeps {
  readonly clock: TrustedClock;
  readonly watch: Pick<ClockWatch, "look">;
  readonly logger: Logger;
}

/** What OpenSSL refuses by the clock of the machine: the API server, and certificates of our own time. */
const fromClock: ReadonlySet<string> = new Set(["STATE_NOT_DURABLE", "REHEARSAL_FAILED"]);
const pauseMs = 1_000;
const never = new AbortController().signal;

/**
 * Does work in which OpenSSL judges certificates by the clock of the machine. While that clock is wrong, the work
 * is repeated instead of failing the start.
 */
export async function retryInDoubt<T>(work: () => Promise<T>, deps: RetryDeps): Promise<T> {
  const { clock, watch, logger } = deps;
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const isFromClock = error instanceof StateError && fromClock.has(error.code);
      if (!isFromClock || clock.holds() === undefined) throw error;
      if (tries === 0) logger.warn("start waits for the clock of this machine", { error });
    }
    await delay(clock, pauseMs, never);
    await watch.look();
  }
}
