import { huffmanLength } from "./huffman-length.ts";

/** The header block has a form that the filter does not read. */
export class OddBlock extends Error {
  constructor(message: string) {
    super(message);
    this.name = "OddBlock";
  }
}

/** A string literal (RFC 7541 §5.2) within a header block. */
export interface StringLiteral {
  /** Where the literal begins and ends, with the octets that give its length. */
  readonly start: number;
  readonly end: number;
  readonly isHuffman: boolean;
  /** The octets as received. */
  readonly octets: Buffer;
}

/** An integer has at most this many octets after its prefix; values of that size do not occur. */
const maxMoreOctets = 4;

/** Reads the parts of a header block, one after the other. Throws {@link OddBlock}. */
export class FieldReader {
  readonly #block: Buffer;
  #offset = 0;

  constructor(block: Buffer) {
    this.#block = block;
  }

  get offset(): number {
    return this.#offset;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#block.length;
  }

  /** The next octet, which stays unread. */
  peek(): number {
    return this.#block[this.#offset] ?? odd("truncated");
  }

  /** An integer with a prefix of that many bits (RFC 7541 §5.1). */
  integer(prefixBits: number): number {
    const most = 2 ** prefixBits - 1;
    let value = this.#octet() & most;
    if (value < most) return value;
    for (let more = 0; more < maxMoreOctets; more += 1) {
      const octet = this.#octet();
      value += (octet & 0x7f) * 2 ** (7 * more);
      if (octet < 0x80) return value;
    }
    return odd("integer too long");
  }

  string(): StringLiteral {
    const start = this.#offset;
    const isHuffman = this.peek() >= 0x80;
    const length = this.integer(7);
    const end = this.#offset + length;
    if (end > this.#block.length) odd("truncated");
    const octets = this.#block.subarray(this.#offset, end);
    this.#offset = end;
    return { start, end, isHuffman, octets };
  }

  #octet(): number {
    const octet = this.peek();
    this.#offset += 1;
    return octet;
  }
}

/** The number of octets of the string when decoded. Throws {@link OddBlock}. */
export function decodedLength({ isHuffman, octets }: StringLiteral): number {
  return isHuffman ? (huffmanLength(octets) ?? odd("invalid Huffman code")) : octets.length;
}

function odd(what: string): never {
  throw new OddBlock(what);
}
