import type { Clock } from "@kasbah/runtime";

/**
 * A moment by both clocks: the monotonic clock stops while the machine is suspended, and the wall
 * clock may be stepped back.
 */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export interface TenureDeps {
  readonly deadlineMs: number;
  /** Called as soon as the process runs after the deadline. */
  readonly onEnd: () => void;
  readonly clock: Clock;
}

/**
 * How long a leader considers itself leader: until the deadline after it sent its last successful renewal, by
 * the clock that reaches it first.
 */
export class Tenure {
  readonly #deps: TenureDeps;
  #sentAt: Moment | undefined;
  #timer = new AbortController();

  constructor(deps: TenureDeps) {
    this.#deps = deps;
  }

  /** Reads the clocks, so that it is false after the deadline even if no timer could run. */
  get isRunning(): boolean {
    if (this.#sentAt === undefined) return false;
    const now = readClocks(this.#deps.clock);
    const byMonotonicMs = now.monotonicMs - this.#sentAt.monotonicMs;
    const byWallMs = now.wallMs - this.#sentAt.wallMs;
    return Math.max(byMonotonicMs, byWallMs) < this.#deps.deadlineMs;
  }

  renew(sentAt: Moment): void {
    this.end();
    this.#sentAt = sentAt;
    this.#timer = new AbortController();
    const { clock, deadlineMs, onEnd } = this.#deps;
    const leftMs = sentAt.monotonicMs + deadlineMs - clock.monotonicMs();
    // Both handlers are on one promise, because an error of `onEnd` must not count as an aborted sleep.
    void clock.sleep(leftMs, this.#timer.signal).then(onEnd, () => undefined);
  }

  end(): void {
    this.#sentAt = undefined;
    this.#timer.abort();
  }
}

export function readClocks(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.now().getTime() };
}
