// An encoder that is independent of the code under test and writes any bytes, valid or not.

export type Bytes = Buffer;

export const hex = (digits: string): Bytes => Buffer.from(digits.replaceAll(" ", ""), "hex");

export function tlv(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag, ...lengthOf(content.length)), content]);
}

/** The same with a length field of any size, which DER forbids if a shorter one would do. */
export function longTlv(tag: number, lengthOctets: number, content: Uint8Array): Bytes {
  const length = Buffer.alloc(lengthOctets);
  length.writeUIntBE(content.length, 0, lengthOctets);
  return Buffer.concat([Buffer.of(tag, 0x80 | lengthOctets), length, content]);
}

/** The indefinite form of BER. */
export function indefinite(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  return Buffer.concat([Buffer.of(tag, 0x80), ...parts, Buffer.of(0, 0)]);
}

export const sequence = (...parts: readonly Uint8Array[]): Bytes => tlv(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]): Bytes => tlv(0x31, ...parts);
export const octets = (content: Uint8Array): Bytes => tlv(0x04, content);
export const bits = (content: Uint8Array, unused = 0): Bytes => tlv(0x03, Buffer.of(unused), content);
export const boolean = (value: number): Bytes => tlv(0x01, Buffer.of(value));
export const nothing = (): Bytes => tlv(0x05);

/** A non-negative INTEGER from hexadecimal digits. */
export function integer(digits: string): Bytes {
  const magnitude = hex(digits.length % 2 === 0 ? digits : `0${digits}`);
  return tlv(0x02, (magnitude[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), magnitude]) : magnitude);
}

export function oid(dotted: string): Bytes {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const arcs = [first * 40 + second, ...rest].flatMap((arc) => {
    const out = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      out.unshift((left & 0x7f) | 0x80);
    return out;
  });
  return tlv(0x06, Buffer.from(arcs));
}

export const text = (tag: number, value: string): Bytes => tlv(tag, Buffer.from(value, "utf8"));
export const utf8 = (value: string): Bytes => text(0x0c, value);

export function pem(label: string, der: Uint8Array, lineEnd = "\n"): string {
  const base64 =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...base64, `-----END ${label}-----`, ""].join(lineEnd);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const out: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) out.unshift(left & 0xff);
  return [0x80 | out.length, ...out];
}
