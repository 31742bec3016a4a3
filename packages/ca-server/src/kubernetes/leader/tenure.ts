import type { Clock } from "@kasbah/runtime";

/** A moment by both clocks: the monotonic one stands still while the machine is suspended, the other may be stepped back. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export interface TenureDeps {
  readonly deadlineMs: number;
  /** Called when the deadline passes, as soon as the process runs. */
  readonly onEnd: () => void;
  readonly clock: Clock;
}

/** How long a leader believes in itself: until the deadline after it sent its last good renewal, by whichever clock says so first. */
export class Tenure {
  readonly #deps: TenureDeps;
  #sentAt: Moment | undefined;
  #timer = new AbortController();

  constructor(deps: TenureDeps) {
    this.#deps = deps;
  }

  /** Asks the clocks, so that it is false from the deadline on even where no timer could run. */
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
    // Two handlers of one promise: what `onEnd` throws must not pass for an aborted sleep.
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
