/** Longer messages of a peer are of no use. */
const maxEncodedLength = 4 * 1024;

/**
 * Percent-encodes a status message (gRPC over HTTP/2, "Percent-Encoded"): UTF-8, everything but printable
 * ASCII and `%` itself.
 */
export function encodeGrpcMessage(message: string): string {
  let encoded = "";
  for (const byte of Buffer.from(message)) {
    const piece = byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : escaped(byte);
    if (encoded.length + piece.length > maxEncodedLength) break;
    encoded += piece;
  }
  return encoded;
}

/**
 * Never throws, as the specification requires: invalid percent-encodings stay as they are, and invalid UTF-8
 * becomes U+FFFD.
 */
export function decodeGrpcMessage(encoded: string): string {
  const bytes: number[] = [];
  const source = Buffer.from(encoded.slice(0, maxEncodedLength));
  for (let index = 0; index < source.length; index += 1) {
    const code = source[index] ?? 0;
    const hex = code === 0x25 ? source.toString("latin1", index + 1, index + 3) : "";
    const isEscape = /^[0-9a-f]{2}$/i.test(hex);
    bytes.push(isEscape ? Number.parseInt(hex, 16) : code);
    if (isEscape) index += 2;
  }
  return Buffer.from(bytes).toString();
}

function escaped(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
