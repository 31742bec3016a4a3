import { Certificate, type KeyPair } from "@kasbah/pki";

/**
 * A certificate that our writer would never create: `from` is replaced by `to`, of the same length, and the
 * issuer signs again. Throws unless `from` occurs exactly once.
 */
export function forgeCertificate(
  genuine: Certificate,
  issuer: KeyPair,
  from: Uint8Array,
  to: Uint8Array,
): Certificate {
  const [tbs, algorithm] = elementsOf(contentOf(Buffer.from(genuine.der)));
  if (tbs === undefined || algorithm === undefined) throw new TypeError("not a certificate");
  const at = tbs.indexOf(from);
  if (at === -1 || tbs.indexOf(from, at + 1) !== -1 || from.length !== to.length) {
    throw new RangeError("the bytes to forge must occur exactly once and keep their length");
  }
  const forged = Buffer.concat([tbs.subarray(0, at), to, tbs.subarray(at + to.length)]);
  const signature = element(0x03, Buffer.concat([Buffer.of(0), issuer.sign(forged)]));
  return new Certificate(element(0x30, Buffer.concat([forged, algorithm, signature])));
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}

function contentOf(der: Buffer): Buffer {
  return der.subarray(headerLength(der));
}

function elementsOf(content: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  for (let rest = content; rest.length > 0; ) {
    const length = headerLength(rest) + contentLength(rest);
    elements.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return elements;
}

function headerLength(der: Buffer): number {
  const first = der[1] ?? 0;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

function contentLength(der: Buffer): number {
  const first = der[1] ?? 0;
  return first < 0x80 ? first : der.readUIntBE(2, first & 0x7f);
}
