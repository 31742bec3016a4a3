import type { StreamObserver } from "../sds/service.ts";
import type { StreamEvent } from "../sds/subscription/stream-event.ts";

/** Counts events of SDS streams and forwards them to another observer. */
export class StreamTally implements StreamObserver {
  readonly #next: StreamObserver;
  #open = 0;
  #nacks = 0;

  constructor(next: StreamObserver) {
    this.#next = next;
  }

  /** The number of open streams. */
  get open(): number {
    return this.#open;
  }

  /** Responses that clients have NACKed since the start. */
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

  onEvent(event: StreamEvent): void {
    if (event.kind === "nack") this.#nacks += 1;
    this.#next.onEvent(event);
  }
}
