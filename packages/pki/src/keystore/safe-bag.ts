import { constructedTag, tag } from "../der/tag.ts";
import { encode, encodeOid, encodeSequence } from "../der/writer.ts";
import { oid } from "../oids.ts";

/** A SafeBag (RFC 7292 §4.2) of a certificate, with its attributes. */
export function certificateBag(der: Uint8Array, ...attributes: readonly Uint8Array[]): Uint8Array {
  const value = encode(constructedTag(0), encode(tag.octetString, der));
  return bag(oid.certBag, encodeSequence(encodeOid(oid.x509Certificate), value), attributes);
}

/** A SafeBag of an EncryptedPrivateKeyInfo, with its attributes. */
export function keyBag(encrypted: Uint8Array, ...attributes: readonly Uint8Array[]): Uint8Array {
  return bag(oid.shroudedKeyBag, encrypted, attributes);
}

/** The alias of an entry. */
export function friendlyName(alias: string): Uint8Array {
  return attribute(oid.friendlyName, encode(tag.bmpString, bmp(alias)));
}

/** Connects the certificate of a key with the key. */
export function localKeyId(id: Uint8Array): Uint8Array {
  return attribute(oid.localKeyId, encode(tag.octetString, id));
}

/** Marks a certificate that Java trusts for every purpose. Java ignores a lone certificate without it. */
export function trustedKeyUsage(): Uint8Array {
  return attribute(oid.trustedKeyUsage, encodeOid(oid.anyExtendedKeyUsage));
}

/** UTF-16 with the most significant octet first, as PKCS#12 writes names and passwords. */
export function bmp(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

function bag(type: string, value: Uint8Array, attributes: readonly Uint8Array[]): Uint8Array {
  const sorted = attributes.toSorted((one, other) => Buffer.compare(one, other));
  const set = sorted.length === 0 ? [] : [encode(tag.set, ...sorted)];
  return encodeSequence(encodeOid(type), encode(constructedTag(0), value), ...set);
}

function attribute(type: string, value: Uint8Array): Uint8Array {
  return encodeSequence(encodeOid(type), encode(tag.set, value));
}
