import { FrameError } from "./frame-error.ts";

/** Reads the values of one frame. Every method throws a `FrameError` if the frame does not contain such a value. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    const at = this.#advance(1);
    return this.#bytes.readUInt8(at);
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#advance(8));
  }

  boolean(): boolean {
    const value = this.byte();
    if (value > 1) throw new FrameError(`a boolean is ${value}`);
    return value === 1;
  }

  text(): string {
    const length = this.uint32();
    const at = this.#advance(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** A copy, so that it does not keep the whole chunk that the frame arrived in. */
  bytes(): Uint8Array {
    const length = this.uint32();
    const at = this.#advance(length);
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  /** Each element takes a byte or more, so a list cannot be longer than what is left of the frame. */
  list<T>(read: () => T): readonly T[] {
    const count = this.uint32();
    if (count > this.#left) throw new FrameError(`a list of ${count} elements in ${this.#left} bytes`);
    return Array.from({ length: count }, read);
  }

  optional<T>(read: () => T): T | undefined {
    return this.boolean() ? read() : undefined;
  }

  /** One of the given words. */
  word<const Words extends readonly string[]>(words: Words): Words[number] {
    const word = words[this.byte()];
    if (word === undefined) throw new FrameError(`none of ${words.join(", ")}`);
    return word;
  }

  /** Checks that nothing is left. */
  end(): void {
    if (this.#left > 0) throw new FrameError(`${this.#left} bytes after the end of a message`);
  }

  get #left(): number {
    return this.#bytes.length - this.#at;
  }

  #advance(count: number): number {
    const at = this.#at;
    if (count > this.#left) throw new FrameError(`a value of ${count} bytes, but ${this.#left} are left`);
    this.#at += count;
    return at;
  }
}
