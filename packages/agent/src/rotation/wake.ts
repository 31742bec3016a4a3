/** Wakes a waiting retry when an input of its last attempt has changed. */
export class Wake {
  #next = new AbortController();

  /**
   * Aborts at the next `ring`. Read it before an attempt, so that a change during the attempt is not missed.
   */
  get next(): AbortSignal {
    return this.#next.signal;
  }

  ring(): void {
    const rung = this.#next;
    this.#next = new AbortController();
    rung.abort();
  }
}
