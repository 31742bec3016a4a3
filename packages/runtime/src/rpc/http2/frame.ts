import { grpcStatus } from "../status.ts";
import { WireFault } from "./wire-fault.ts";

const prefixBytes = 5;
const firstBodyBytes = 4 * 1024;

/**
 * Frames a message (gRPC over HTTP/2, "Length-Prefixed-Message"): a flag for uncompressed, the length, and
 * the bytes.
 */
export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(prefixBytes + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixBytes);
  return frame;
}

export interface FrameReaderOptions {
  /** The limit of one message; a longer one fails with RESOURCE_EXHAUSTED on its prefix alone. */
  readonly maxBytes: number;
  /** The peer's `grpc-encoding`. */
  readonly encoding: string | undefined;
}

/**
 * Finds messages in DATA frames, whose boundaries are meaningless. Buffers at most twice the received bytes of one
 * message, however small the pieces and however long the announced length. Throws a {@link WireFault}.
 */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #prefixLength = 0;
  #body = Buffer.alloc(0);
  #bodyLength = 0;
  /** The length of the message that is being read. */
  #expected = 0;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  /** Returns the messages that `chunk` completes, each in its own memory. */
  *push(chunk: Uint8Array): Generator<Buffer> {
    let offset = 0;
    while (offset < chunk.length) {
      offset +=
        this.#prefixLength < prefixBytes ? this.#takePrefix(chunk, offset) : this.#takeBody(chunk, offset);
      if (this.#prefixLength < prefixBytes || this.#bodyLength < this.#expected) continue;
      const message = this.#body.subarray(0, this.#bodyLength);
      this.#body = Buffer.alloc(0);
      this.#bodyLength = 0;
      this.#prefixLength = 0;
      yield message;
    }
  }

  /** Call this when the peer has ended its half: an incomplete message is a fault. */
  finish(): void {
    if (this.#prefixLength > 0) throw new WireFault(grpcStatus.INTERNAL, "the last message is truncated");
  }

  #takePrefix(chunk: Uint8Array, offset: number): number {
    const taken = chunk.subarray(offset, offset + prefixBytes - this.#prefixLength);
    this.#prefix.set(taken, this.#prefixLength);
    this.#prefixLength += taken.length;
    if (this.#prefixLength === prefixBytes) this.#begin();
    return taken.length;
  }

  #begin(): void {
    const flag = this.#prefix[0] ?? 0;
    if (flag !== 0) throw this.#faultOfFlag(flag);
    this.#expected = this.#prefix.readUInt32BE(1);
    const { maxBytes } = this.#options;
    if (this.#expected > maxBytes) {
      const message = `a message of ${this.#expected} bytes is over the limit of ${maxBytes}`;
      throw new WireFault(grpcStatus.RESOURCE_EXHAUSTED, message);
    }
    this.#body = Buffer.allocUnsafe(Math.min(this.#expected, firstBodyBytes));
  }

  #takeBody(chunk: Uint8Array, offset: number): number {
    const taken = chunk.subarray(offset, offset + this.#expected - this.#bodyLength);
    const length = this.#bodyLength + taken.length;
    if (length > this.#body.length) this.#grow(length);
    this.#body.set(taken, this.#bodyLength);
    this.#bodyLength = length;
    return taken.length;
  }

  #grow(length: number): void {
    const grown = Buffer.allocUnsafe(Math.min(this.#expected, Math.max(length, this.#body.length * 2)));
    this.#body.copy(grown, 0, 0, this.#bodyLength);
    this.#body = grown;
  }

  #faultOfFlag(flag: number): WireFault {
    const { encoding = "identity" } = this.#options;
    if (flag !== 1) return new WireFault(grpcStatus.INTERNAL, "invalid message flag: expected 0 or 1");
    if (encoding === "identity") {
      return new WireFault(
        grpcStatus.INTERNAL,
        "a message is marked compressed, but there is no grpc-encoding",
      );
    }
    return new WireFault(grpcStatus.UNIMPLEMENTED, "compressed messages are not supported: send identity");
  }
}
