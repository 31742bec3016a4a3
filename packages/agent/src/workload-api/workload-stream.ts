import { pacedSend } from "../sds/stream/paced-send.ts";
import type { WorkloadMessage } from "./messages.ts";

/** One open stream of the Workload API. */
export class WorkloadStream {
  readonly kind: WorkloadMessage;
  readonly #send: (message: Uint8Array) => void;
  readonly #closed = Promise.withResolvers<void>();
  #sent: Uint8Array | undefined;

  /** `send` returns false while the client has not read earlier messages. */
  constructor(kind: WorkloadMessage, send: (message: Uint8Array) => boolean, signal: AbortSignal) {
    this.kind = kind;
    this.#send = pacedSend(send);
    signal.addEventListener("abort", () => this.#closed.resolve(), { once: true });
    if (signal.aborted) this.#closed.resolve();
  }

  /** Resolves when the client closes the stream, and rejects with the reason if the agent ends it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Sends a message unless it equals the last one, because programs reload on each. Ends the stream if the
   * client does not read.
   */
  send(message: Uint8Array): void {
    if (this.#sent !== undefined && Buffer.compare(this.#sent, message) === 0) return;
    this.#sent = message;
    try {
      this.#send(message);
    } catch (error) {
      this.end(error);
    }
  }

  end(reason: unknown): void {
    this.#closed.reject(reason);
  }
}
