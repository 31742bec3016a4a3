/** Tells a waiting retry that something its last attempt depended on has changed. */
export class Wake {
  #next = new AbortController();

  /** Aborts when `ring` is called next. Taken before an attempt, it does not miss a change that falls into the attempt. */
  get next(): AbortSignal {
    return this.#next.signal;
  }

  ring(): void {
    const rung = this.#next;
    this.#next = new AbortController();
    rung.abort();
  }
}
