import type { Profile } from "./messages.ts";

/** A client that waits for what comes next. */
export class OpenStream {
  readonly profile: Profile;
  readonly #send: (message: Uint8Array) => void;
  readonly #closed = Promise.withResolvers<void>();
  #sent: Uint8Array | undefined;

  constructor(profile: Profile, send: (message: Uint8Array) => void, signal: AbortSignal) {
    this.profile = profile;
    this.#send = send;
    signal.addEventListener("abort", () => this.#closed.resolve(), { once: true });
    if (signal.aborted) this.#closed.resolve();
  }

  /** Settles when the client has gone, and rejects with the reason for which we end the stream. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Sends a message unless it is the one that was sent last: programs reload on each. */
  offer(message: Uint8Array): void {
    if (this.#sent !== undefined && Buffer.compare(this.#sent, message) === 0) return;
    this.#sent = message;
    this.#send(message);
  }

  end(reason: Error): void {
    this.#closed.reject(reason);
  }
}
