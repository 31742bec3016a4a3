import { type Clock, type Component, Loop, RetryPace } from "@kasbah/runtime";
import type { SecretStore, WorkloadSecret } from "./secret-store.ts";

export interface SecretFollowerDeps {
  readonly name: string;
  readonly store: SecretStore;
  /** Processes a secret; calls never overlap. */
  readonly follow: (secret: WorkloadSecret) => Promise<void>;
  readonly onFailed: (error: unknown, retryInMs: number) => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
}

const retry = { baseMs: 1_000, capMs: 30_000 };
const shortestRetryMs = 100;

/**
 * Processes each published secret, including the one present at the start. If several are published while it
 * is busy, only the last one counts. Failures are retried with full jitter until a newer secret is published.
 */
export class SecretFollower implements Component {
  readonly name: string;
  readonly #deps: SecretFollowerDeps;
  readonly #loop: Loop;
  readonly #pace: RetryPace;
  #unsubscribe: () => void = () => undefined;
  #done: WorkloadSecret | undefined;
  #failures = 0;

  constructor(deps: SecretFollowerDeps) {
    this.#deps = deps;
    this.name = deps.name;
    this.#pace = new RetryPace({ ...retry, roll: deps.roll });
    this.#loop = new Loop({ clock: deps.clock, pass: () => this.#followCurrent() });
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#deps.store.subscribe(() => this.#loop.wake());
    this.#loop.start();
  }

  /** Waits for a secret that is being processed. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#loop.stop();
  }

  /** Processes the current secret once more. */
  again(): void {
    this.#done = undefined;
    this.#loop.wake();
  }

  async #followCurrent(): Promise<number> {
    const { store, follow, onFailed } = this.#deps;
    const secret = store.current;
    if (secret === undefined || secret === this.#done) return Number.POSITIVE_INFINITY;
    try {
      await follow(secret);
      this.#done = secret;
      this.#failures = 0;
      return Number.POSITIVE_INFINITY;
    } catch (error) {
      const retryInMs = Math.max(shortestRetryMs, this.#pace.delayMs({ attempt: this.#failures }));
      this.#failures += 1;
      onFailed(error, retryInMs);
      return retryInMs;
    }
  }
}
