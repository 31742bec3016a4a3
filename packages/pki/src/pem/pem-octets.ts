// PEM of private keys as octets. A string stays in V8's heap until its memory is used again, while octets can be
// overwritten.

const alphabet = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const [padding, lineFeed] = [0x3d, 0x0a];
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
