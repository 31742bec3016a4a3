import { delay, type Logger } from "@kasbah/runtime";
import { StateError } from "../errors.ts";
import type { TrustedClock } from "./trusted-clock.ts";
import type { ClockWatch } from "./watch.ts";

export interface RetryDeps {
  readonly clock: TrustedClock;
  readonly watch: Pick<ClockWatch, "look">;
  readonly logger: Logger;
}

const pauseMs = 1_000;
const never = new AbortController().signal;

/**
 * Does work that needs the API server. With a wrong clock, every certificate of the API server seems to have
 * expired, so the work is repeated until the clock is right instead of failing the start.
 */
export async function retryInDoubt<T>(work: () => Promise<T>, deps: RetryDeps): Promise<T> {
  const { clock, watch, logger } = deps;
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const isUnreachable = error instanceof StateError && error.code === "STATE_NOT_DURABLE";
      if (!isUnreachable || clock.holds() === undefined) throw error;
      if (tries === 0) logger.warn("start waits for the clock of this machine", { error });
    }
    await delay(clock, pauseMs, never);
    await watch.look();
  }
}
