import type { Writable } from "node:stream";
import { ByteWriter } from "./byte-writer.ts";

export interface FrameSenderOptions {
  readonly stream: Writable;
  /** More bytes than this cannot wait for the other process: it does not read. */
  readonly maxWaitingBytes: number;
  /** Called once, if that happens. */
  readonly onStuck: () => void;
}

/** Sends frames: a length, a kind and a message. All frames of one turn of the event loop leave in one write. */
export class FrameSender {
  readonly #options: FrameSenderOptions;
  readonly #out = new ByteWriter();
  #flushing: NodeJS.Immediate | undefined;
  #isStuck = false;

  constructor(options: FrameSenderOptions) {
    this.#options = options;
  }

  /** The bytes that the other process has not read yet. */
  get waitingBytes(): number {
    return this.#options.stream.writableLength + this.#out.length;
  }

  /** Nothing can be sent once the stream has ended. */
  send(kind: number, write: (out: ByteWriter) => void): void {
    if (this.#isStuck || !this.#options.stream.writable) return;
    const before = this.#out.length;
    try {
      this.#out.measured(() => {
        this.#out.byte(kind);
        write(this.#out);
      });
    } catch (error) {
      // Half a frame would make every later one unreadable.
      this.#out.cutTo(before);
      throw error;
    }
    this.#flushing ??= setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.#flushing !== undefined) clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#out.length === 0 || this.#isStuck) return;
    const { stream, maxWaitingBytes, onStuck } = this.#options;
    if (stream.writable) stream.write(this.#out.take());
    if (stream.writableLength <= maxWaitingBytes) return;
    this.#isStuck = true;
    onStuck();
  }
}
