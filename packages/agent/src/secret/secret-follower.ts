import { type Clock, type Component, Loop, RetryPace } from "@kasbah/runtime";
import type { SecretStore, WorkloadSecret } from "./secret-store.ts";

export interface SecretFollowerOptions {
  readonly name: string;
  readonly store: SecretStore;
  /** Deals with a secret; never called twice at a time. */
  readonly follow: (secret: WorkloadSecret) => Promise<void>;
  readonly onFailed: (error: unknown, retryInMs: number) => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
}

const retry = { baseMs: 1_000, capMs: 30_000 };
const shortestRetryMs = 100;

/**
 * Does something with each secret that is published, the one that is there at the start included. When several come while
 * it is busy, the last of them counts. What fails is tried again with full jitter, for as long as there is nothing newer.
 */
export class SecretFollower implements Component {
  readonly name: string;
  readonly #options: SecretFollowerOptions;
  readonly #loop: Loop;
  readonly #pace: RetryPace;
  #unsubscribe: () => void = () => undefined;
  #done: WorkloadSecret | undefined;
  #failures = 0;

  constructor(options: SecretFollowerOptions) {
    this.#options = options;
    this.name = options.name;
    this.#pace = new RetryPace({ ...retry, roll: options.roll });
    this.#loop = new Loop({ clock: options.clock, pass: () => this.#followCurrent() });
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#options.store.subscribe(() => this.#loop.wake());
    this.#loop.start();
  }

  /** Waits for a secret that is being dealt with. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#loop.stop();
  }

  async #followCurrent(): Promise<number> {
    const { store, follow, onFailed } = this.#options;
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
