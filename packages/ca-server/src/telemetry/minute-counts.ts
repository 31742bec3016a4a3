export const bucketMs = 60_000;
const buckets = 60;

/** Counts per minute of the last hour. Minutes are numbered, and never go back. */
export class MinuteCounts {
  readonly #counts = new Uint32Array(buckets);
  #newest: number;

  constructor(minute: number) {
    this.#newest = minute;
  }

  add(minute: number): void {
    this.#advance(minute);
    const slot = this.#newest % buckets;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
  }

  /** The counts of the hour that ends with a minute, oldest first. */
  until(minute: number): readonly number[] {
    this.#advance(minute);
    const oldest = (this.#newest + 1) % buckets;
    return [...this.#counts.subarray(oldest), ...this.#counts.subarray(0, oldest)];
  }

  #advance(minute: number): void {
    const passed = Math.min(minute - this.#newest, buckets);
    for (let each = 0; each < passed; each += 1) this.#counts[(minute - each) % buckets] = 0;
    this.#newest = Math.max(this.#newest, minute);
  }
}
