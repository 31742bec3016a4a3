/** Lets callers wait until an attempt to write the files has ended. */
export class Attempts {
  readonly #waiting = new Set<() => void>();

  ended(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** Resolves at the end of the next attempt, or of the one in progress. Rejects if `signal` aborts first. */
  async next(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancel = () => reject(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    this.#waiting.add(resolve);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", cancel);
      this.#waiting.delete(resolve);
    }
  }
}
