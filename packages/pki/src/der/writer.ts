import { tag } from "./tag.ts";

/** One element with a minimal definite length. Its content is the concatenated parts. */
export function encode(identifier: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const lengthOctets = length < 0x80 ? undefined : encodeLength(length);
  let at = 1 + (lengthOctets?.length ?? 1);
  const element = new Uint8Array(at + length);
  element[0] = identifier;
  if (lengthOctets === undefined) element[1] = length;
  else element.set(lengthOctets, 1);
  for (const part of parts) {
    element.set(part, at);
    at += part.length;
  }
  return element;
}

export function encodeSequence(...parts: readonly Uint8Array[]): Uint8Array {
  return encode(tag.sequence, ...parts);
}

/** A BIT STRING of whole octets. */
export function encodeBits(octets: Uint8Array): Uint8Array {
  return encode(tag.bitString, Uint8Array.of(0), octets);
}

/** An OBJECT IDENTIFIER from this package's table; arcs above 2^31 are not supported. */
export function encodeOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return encode(tag.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(encodeArc)));
}

/** An X.509 Extension (RFC 5280 §4.1). DER omits the default value, so `critical` is written only if true. */
export function encodeExtension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [encode(tag.boolean, Uint8Array.of(0xff))] : [];
  return encodeSequence(encodeOid(oid), ...flag, encode(tag.octetString, value));
}

/** The long form, for 128 octets and more. */
function encodeLength(length: number): number[] {
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

function encodeArc(arc: number): number[] {
  const octets = [arc & 0x7f];
  for (let rest = arc >>> 7; rest > 0; rest >>>= 7) octets.unshift((rest & 0x7f) | 0x80);
  return octets;
}
