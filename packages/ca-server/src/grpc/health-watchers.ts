import { type Clock, delay } from "@kasbah/runtime";

/** How soon a watcher is notified of a change, in milliseconds. */
const intervalMs = 1_000;

/** Lets any number of watchers look at the same time, with one timer, which runs only while there are watchers. */
export class HealthWatchers {
  readonly #clock: Clock;
  readonly #looks = new Set<() => void>();
  #stop = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `look` regularly, and resolves when `ended` is aborted. */
  async until(ended: AbortSignal, look: () => void): Promise<void> {
    if (ended.aborted) return;
    this.#looks.add(look);
    if (this.#looks.size === 1) void this.#run();
    await new Promise<void>((resolve) => ended.addEventListener("abort", () => resolve(), { once: true }));
    this.#looks.delete(look);
    if (this.#looks.size === 0) this.#stop.abort();
  }

  async #run(): Promise<void> {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    while (true) {
      await delay(this.#clock, intervalMs, signal);
      if (signal.aborted) return;
      for (const look of this.#looks) look();
    }
  }
}
