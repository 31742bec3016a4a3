import { PkiError } from "../errors.ts";

// PEM of private keys as octets. A string stays in V8's heap until its memory is used again, while octets can be
// overwritten.

const alphabet = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const sextets = new Map([...alphabet].map((character, value) => [character, value]));
const [padding, lineFeed, carriageReturn] = [0x3d, 0x0a, 0x0d];
const lineLength = 64;

/** Like `encodePem`. */
export function encodePemOctets(label: string, der: Uint8Array): Uint8Array {
  const digits = Math.ceil(der.length / 3) * 4;
  const [begin, end] = [`-----BEGIN ${label}-----\n`, `-----END ${label}-----\n`];
  const pem = Buffer.alloc(begin.length + digits + Math.ceil(digits / lineLength) + end.length);
  let at = pem.write(begin, "latin1");
  for (let digit = 0; digit < digits; digit += 1) {
    const bit = digit * 6;
    const word = ((der[bit >> 3] ?? 0) << 8) | (der[(bit >> 3) + 1] ?? 0);
    const value = (word >> (10 - (bit & 7))) & 63;
    pem[at++] = bit < der.length * 8 ? (alphabet[value] ?? padding) : padding;
    if (digit % lineLength === lineLength - 1 || digit === digits - 1) pem[at++] = lineFeed;
  }
  pem.write(end, at, "latin1");
  return pem;
}

/**
 * Like `parsePemBlock`. The caller overwrites the result.
 * @throws PkiError `PEM_MALFORMED`
 */
export function parsePemOctets(pem: Uint8Array, label: string, maxBytes = 16 * 1024): Buffer {
  const octets = Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength);
  if (octets.length > maxBytes) throw malformed(`the PEM is longer than ${maxBytes} bytes`);
  const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`];
  const start = skipSpace(octets, 0);
  if (octets.indexOf(begin, start) !== start) throw malformed(`the text is not a PEM block of ${label}`);
  const endAt = octets.indexOf(end, start + begin.length);
  if (endAt === -1) throw malformed(`the block of ${label} has no end line`);
  if (skipSpace(octets, endAt + end.length) !== octets.length) {
    throw malformed(`there is more than the block of ${label}`);
  }
  return decodeLines(octets.subarray(start + begin.length, endAt));
}

/** The index of the first octet that is no white space. */
export function skipSpace(octets: Uint8Array, start: number): number {
  let at = start;
  while (at < octets.length && " \t\r\n".includes(String.fromCharCode(octets[at] ?? 0))) at += 1;
  return at;
}

/** Lines of base64 without an empty one. Every octet is written in exactly one way. */
function decodeLines(lines: Uint8Array): Buffer {
  const base64 = new Base64Reader(lines.length);
  let before: number | undefined;
  for (const [at, octet] of lines.entries()) {
    if (octet === carriageReturn && lines[at + 1] === lineFeed) continue;
    const isLineFeed = octet === lineFeed;
    if (before === undefined ? !isLineFeed : isLineFeed && before === lineFeed) throw brokenLines();
    if (!isLineFeed) base64.add(octet);
    before = octet;
  }
  if (before !== lineFeed || base64.digits === 0) throw brokenLines();
  return base64.end();
}

class Base64Reader {
  digits = 0;
  readonly #decoded: Buffer;
  #length = 0;
  #padding = 0;
  /** The bits that are not yet an octet. */
  #rest = 0;
  #bits = 0;

  constructor(maxDigits: number) {
    this.#decoded = Buffer.alloc(Math.ceil((maxDigits * 3) / 4));
  }

  add(digit: number): void {
    this.digits += 1;
    if (digit === padding) {
      this.#padding += 1;
      return;
    }
    const value = sextets.get(digit);
    if (value === undefined || this.#padding > 0) throw notCanonical();
    this.#rest = (this.#rest << 6) | value;
    this.#bits += 6;
    if (this.#bits < 8) return;
    this.#bits -= 8;
    this.#decoded[this.#length++] = this.#rest >> this.#bits;
    this.#rest &= (1 << this.#bits) - 1;
  }

  end(): Buffer {
    const isWhole = this.digits % 4 === 0 && this.#bits === this.#padding * 2 && this.#rest === 0;
    if (!isWhole) throw notCanonical();
    return this.#decoded.subarray(0, this.#length);
  }
}

function brokenLines(): PkiError {
  return malformed("the PEM block is empty or its lines are broken");
}

function notCanonical(): PkiError {
  return malformed("the PEM block is not canonical base64");
}

function malformed(rule: string): PkiError {
  return new PkiError("PEM_MALFORMED", rule);
}
