// The writer's own DER. It shares no code with the parser and the lint, which would otherwise repeat its faults.

/** The size of an element: identifier, minimal length (X.690 §10.1) and content. */
export function sizeOf(contentLength: number): number {
  if (contentLength < 0x80) return 2 + contentLength;
  if (contentLength < 0x100) return 3 + contentLength;
  return (contentLength < 0x10000 ? 4 : 5) + contentLength;
}

/** Fills a buffer of known size from front to back. */
export class Octets {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size);
  }

  /** The identifier and the minimal length of an element whose content follows. */
  open(identifier: number, contentLength: number): this {
    const lengthOctets = sizeOf(contentLength) - contentLength - 2;
    this.octet(identifier).octet(lengthOctets === 0 ? contentLength : 0x80 | lengthOctets);
    for (let shift = 8 * (lengthOctets - 1); shift >= 0; shift -= 8) this.octet(contentLength >> shift);
    return this;
  }

  octet(value: number): this {
    this.#at = this.#buffer.writeUInt8(value & 0xff, this.#at);
    return this;
  }

  raw(octets: Uint8Array): this {
    if (this.#at + octets.length > this.#buffer.length) throw wrongSize();
    this.#buffer.set(octets, this.#at);
    this.#at += octets.length;
    return this;
  }

  /** Text of one octet per character. */
  latin1(text: string): this {
    if (this.#at + text.length > this.#buffer.length) throw wrongSize();
    this.#at += this.#buffer.write(text, this.#at, "latin1");
    return this;
  }

  /** The octets. The buffer is not cleared before use, so it must be full. */
  end(): Buffer {
    if (this.#at !== this.#buffer.length) throw wrongSize();
    return this.#buffer;
  }
}

function wrongSize(): RangeError {
  return new RangeError("the octets differ in number from the announced size");
}
