import { PkiError } from "../errors.ts";
import { whiteSpaceAt } from "./white-space.ts";

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** The value of each octet as a digit of base64; 255 for every other octet. */
const values = new Uint8Array(256).fill(255);
for (const [value, digit] of [...digits].entries()) values[digit.charCodeAt(0)] = value;
const [padding, backslash] = [0x3d, 0x5c];

/**
 * Decodes what is between the two lines of a PEM block. White space may be anywhere, as in the lax form of RFC 7468
 * §3; apart from it, every octet is written in exactly one way. It creates no string, because the octets of a
 * private key can be overwritten and a string cannot.
 *
 * @throws PkiError `PEM_MALFORMED`
 */
export function decodeBody(body: Uint8Array): Buffer {
  const decoder = new Base64Decoder(body.length);
  try {
    for (let at = 0; at < body.length; ) {
      const blank = whiteSpaceAt(body, at);
      if (blank === 0) decoder.add(body[at] ?? 0);
      at += blank || 1;
    }
    return decoder.end();
  } catch (error) {
    decoder.wipe();
    throw error;
  }
}

class Base64Decoder {
  readonly #decoded: Buffer;
  #length = 0;
  #digits = 0;
  #padding = 0;
  /** The bits that are not yet an octet. */
  #rest = 0;
  #bits = 0;

  constructor(maxDigits: number) {
    this.#decoded = Buffer.alloc(Math.ceil((maxDigits * 3) / 4));
  }

  add(digit: number): void {
    this.#digits += 1;
    if (digit === padding) {
      this.#padding += 1;
      return;
    }
    const value = values[digit] ?? 255;
    if (value === 255 || this.#padding > 0) throw notBase64(digit);
    this.#rest = (this.#rest << 6) | value;
    this.#bits += 6;
    if (this.#bits < 8) return;
    this.#bits -= 8;
    this.#decoded[this.#length++] = this.#rest >> this.#bits;
    this.#rest &= (1 << this.#bits) - 1;
  }

  end(): Buffer {
    if (this.#digits === 0) throw malformed("the block is empty");
    const isWhole =
      this.#digits % 4 === 0 && this.#padding <= 2 && this.#bits === this.#padding * 2 && this.#rest === 0;
    if (!isWhole) throw malformed("the block is not canonical base64, or not complete");
    return this.#decoded.subarray(0, this.#length);
  }

  wipe(): void {
    this.#decoded.fill(0);
  }
}

function notBase64(octet: number): PkiError {
  return octet === backslash
    ? malformed("the block contains a backslash: replace every \\n with a line break")
    : malformed("the block contains a character that is not base64");
}

function malformed(rule: string): PkiError {
  return new PkiError("PEM_MALFORMED", rule);
}
