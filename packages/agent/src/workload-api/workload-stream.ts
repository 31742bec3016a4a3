import { pacedSend } from "../sds/stream/paced-send.ts";
import type { Profile } from "./messages.ts";

/** A client that waits for what comes next. */
export class OpenStream {
  readonly profile: Profile;
  readonly #send: (message: Uint8Array) => void;
  readonly #closed = Promise.withResolvers<void>();
  #sent: Uint8Array | undefined;

  /** `send` says false when the client does not read what was queued before. */
  constructor(profile: Profile, send: (message: Uint8Array) => boolean, signal: AbortSignal) {
    this.profile = profile;
    this.#send = pacedSend(send);
    signal.addEventListener("abort", () => this.#closed.resolve(), { once: true });
    if (signal.aborted) this.#closed.resolve();
  }

  /** Settles when the client has gone, and rejects with the reason for which we end the stream. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Sends a message unless it is the one that was sent last: programs reload on each. Ends the stream of a client that never reads. */
  offer(message: Uint8Array): void {
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
