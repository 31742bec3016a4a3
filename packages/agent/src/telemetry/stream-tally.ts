import type { StreamObserver } from "../sds/service.ts";

/** Counts what happens on SDS streams on its way to another observer. */
export class StreamTally implements StreamObserver {
  readonly #next: StreamObserver;
  #open = 0;
  #nacks = 0;

  constructor(next: StreamObserver) {
    this.#next = next;
  }

  /** Streams that are open now. */
  get open(): number {
    return this.#open;
  }

  /** Responses that clients refused since the start. */
  get nacks(): number {
    return this.#nacks;
  }

  onOpened(): void {
    this.#open += 1;
    this.#next.onOpened();
  }

  onClosed(): void {
    this.#open -= 1;
    this.#next.onClosed();
  }

  onNote(note: Parameters<StreamObserver["onNote"]>[0]): void {
    if (note.kind === "nack") this.#nacks += 1;
    this.#next.onNote(note);
  }
}
