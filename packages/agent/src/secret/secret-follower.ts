import { type Clock, type Component, fullJitterDelayMs } from "@kasbah/runtime";
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

const retry = { floorMs: 100, baseMs: 1_000, capMs: 30_000 };

/**
 * Does something with each secret that is published, the one that is there at the start included. When several come while
 * it is busy, the last of them counts. What fails is tried again with full jitter, for as long as there is nothing newer.
 */
export class SecretFollower implements Component {
  readonly name: string;
  readonly #options: SecretFollowerOptions;
  readonly #stopping = new AbortController();
  #hint = new AbortController();
  #unsubscribe: () => void = () => undefined;
  #following: Promise<void> = Promise.resolve();

  constructor(options: SecretFollowerOptions) {
    this.#options = options;
    this.name = options.name;
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#options.store.subscribe(() => this.#hint.abort());
    this.#following = this.#followUntilStopped();
  }

  /** Waits for a secret that is being dealt with. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#stopping.abort();
    await this.#following;
  }

  async #followUntilStopped(): Promise<void> {
    const { store, follow, onFailed } = this.#options;
    let done: WorkloadSecret | undefined;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const secret = store.current;
      let waitMs = Number.POSITIVE_INFINITY;
      if (secret !== undefined && secret !== done) {
        try {
          await follow(secret);
          done = secret;
          failures = 0;
        } catch (error) {
          waitMs = this.#retryDelayMs(failures);
          failures += 1;
          onFailed(error, waitMs);
        }
      }
      await this.#pause(waitMs);
    }
  }

  #retryDelayMs(attempt: number): number {
    const { baseMs, capMs, floorMs } = retry;
    return Math.max(floorMs, fullJitterDelayMs({ attempt, baseMs, capMs, roll: this.#options.roll() }));
  }

  /** Until then, or until something new is published; a hint from before the pause ends it at once. */
  async #pause(ms: number): Promise<void> {
    const either = AbortSignal.any([this.#stopping.signal, this.#hint.signal]);
    await this.#options.clock.sleep(ms, either).catch(() => undefined);
    if (this.#hint.signal.aborted) this.#hint = new AbortController();
  }
}
