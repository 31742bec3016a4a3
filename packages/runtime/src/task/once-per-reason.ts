/** Reports a failure that repeats only once, and again when its reason changes or after it was cleared. */
export class OncePerReason {
  #reason: string | undefined;

  /** The reason of the failure that persists; undefined if there is none. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Calls `report` unless the last failure had the same reason. */
  failed(reason: string, report: () => void): void {
    const isNew = reason !== this.#reason;
    this.#reason = reason;
    if (isNew) report();
  }

  /** Returns whether there was a failure to clear. */
  clear(): boolean {
    const wasFailing = this.#reason !== undefined;
    this.#reason = undefined;
    return wasFailing;
  }
}
