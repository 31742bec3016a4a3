import { ByteReader } from "./byte-reader.ts";
import { FrameError } from "./frame-error.ts";

const headBytes = 4;

/** Splits a stream of bytes into frames. */
export class FrameReceiver {
  readonly #maxFrameBytes: number;
  readonly #onFrame: (kind: number, message: ByteReader) => void;
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = headBytes;

  /** @param maxFrameBytes without the length, so that a false length cannot reserve memory */
  constructor(maxFrameBytes: number, onFrame: (kind: number, message: ByteReader) => void) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
  }

  /** @throws FrameError if the bytes are no frames, or what `onFrame` throws */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    const at = this.#readFrames(bytes);
    this.#length = bytes.length - at;
    this.#chunks = this.#length === 0 ? [] : [bytes.subarray(at)];
  }

  /** Returns where the first incomplete frame begins. */
  #readFrames(bytes: Buffer): number {
    let at = 0;
    while (true) {
      this.#needed = headBytes;
      if (bytes.length - at < headBytes) return at;
      const size = bytes.readUInt32BE(at);
      if (size === 0 || size > this.#maxFrameBytes) {
        throw new FrameError(`a frame of ${size} bytes, expected 1 to ${this.#maxFrameBytes}`);
      }
      this.#needed = headBytes + size;
      if (bytes.length - at < this.#needed) return at;
      const frame = new ByteReader(bytes.subarray(at + headBytes, at + this.#needed));
      this.#onFrame(frame.byte(), frame);
      at += headBytes + size;
    }
  }
}
