// Creates CSRs and certificates that no honest writer would produce.

import { Certificate } from "./certificate/certificate.ts";
import { constructedTag, primitiveTag, tag } from "./der/tag.ts";
import { encode, encodeBits, encodeExtension, encodeOid, encodeSequence } from "./der/writer.ts";
import type { KeyPair } from "./keys/key.ts";
import { uriTag } from "./names/general-name.ts";
import { oid } from "./oids.ts";
import { encodePem } from "./pem/pem.ts";

export const label = "CERTIFICATE REQUEST";

/** The elements of a CSR, each already encoded, so that tests can replace any of them with hostile ones. */
export interface RequestPieces {
  version: Uint8Array;
  subject: Uint8Array;
  spki: Uint8Array;
  attributes: Uint8Array;
  algorithm: Uint8Array;
  signature: (info: Uint8Array) => Uint8Array;
  afterSignature: Uint8Array;
}

export function forgeRequestDer(keyPair: KeyPair, changes: Partial<RequestPieces> = {}): Uint8Array {
  const pieces: RequestPieces = {
    version: hex("020100"),
    subject: encodeSequence(),
    spki: keyPair.publicKey.spki,
    attributes: encode(constructedTag(0)),
    algorithm: keyPair.publicKey.algorithm.signature.identifier,
    signature: (info) => encodeBits(keyPair.sign(info)),
    afterSignature: new Uint8Array(),
    ...changes,
  };
  const info = encodeSequence(pieces.version, pieces.subject, pieces.spki, pieces.attributes);
  return encodeSequence(info, pieces.algorithm, pieces.signature(info), pieces.afterSignature);
}

export function forgeRequest(keyPair: KeyPair, changes: Partial<RequestPieces> = {}): string {
  return encodePem(label, forgeRequestDer(keyPair, changes));
}

/** The attributes element with one extensionRequest for these extensions. */
export function requestedExtensions(...extensions: Uint8Array[]): Uint8Array {
  return encode(constructedTag(0), extensionRequest(...extensions));
}

export function extensionRequest(...extensions: Uint8Array[]): Uint8Array {
  return encodeSequence(encodeOid(oid.extensionRequest), encode(tag.set, encodeSequence(...extensions)));
}

export function namesExtension(...names: Uint8Array[]): Uint8Array {
  return encodeExtension(oid.subjectAltName, true, encodeSequence(...names));
}

export function uri(text: string): Uint8Array {
  return encode(uriTag, Buffer.from(text, "latin1"));
}

/** A Name with one attribute. */
export function nameOf(type: string, text: string, stringTag: number = tag.utf8String): Uint8Array {
  const attribute = encodeSequence(encodeOid(type), encode(stringTag, Buffer.from(text)));
  return encodeSequence(encode(tag.set, attribute));
}

export interface CertificatePieces {
  subject: Uint8Array;
  issuer: Uint8Array;
  publicKey: Uint8Array;
  notBefore: string;
  notAfter: string;
  extensions: Uint8Array[];
  version: Uint8Array;
  innerAlgorithm: Uint8Array;
}

/** A certificate signed by `signer`. Times are UTCTime texts such as `260101000000Z`. */
export function forgeCertificate(signer: KeyPair, changes: Partial<CertificatePieces> = {}): Certificate {
  return new Certificate(forgeCertificateDer(signer, changes));
}

export function forgeCertificateDer(signer: KeyPair, changes: Partial<CertificatePieces> = {}): Uint8Array {
  const pieces: CertificatePieces = {
    subject: encodeSequence(),
    issuer: encodeSequence(),
    publicKey: signer.publicKey.spki,
    notBefore: "260101000000Z",
    notAfter: "360101000000Z",
    extensions: [],
    version: hex("020102"),
    innerAlgorithm: signer.publicKey.algorithm.signature.identifier,
    ...changes,
  };
  const time = (text: string) => encode(tag.utcTime, Buffer.from(text));
  const tbs = encodeSequence(
    encode(constructedTag(0), pieces.version),
    hex("020101"),
    pieces.innerAlgorithm,
    pieces.issuer,
    encodeSequence(time(pieces.notBefore), time(pieces.notAfter)),
    pieces.subject,
    pieces.publicKey,
    encode(constructedTag(3), encodeSequence(...pieces.extensions)),
  );
  return encodeSequence(tbs, signer.publicKey.algorithm.signature.identifier, encodeBits(signer.sign(tbs)));
}

/** basicConstraints CA:TRUE, with a path length if one is given. */
export function caExtension(pathLength?: number): Uint8Array {
  const length = pathLength === undefined ? [] : [encode(tag.integer, Uint8Array.of(pathLength))];
  return encodeExtension(oid.basicConstraints, true, encodeSequence(hex("0101ff"), ...length));
}

/** subjectKeyIdentifier with these octets. */
export function subjectKey(digits: string): Uint8Array {
  return encodeExtension(oid.subjectKeyIdentifier, false, encode(tag.octetString, hex(digits)));
}

/** authorityKeyIdentifier with a key identifier of these octets. */
export function authorityKey(digits: string): Uint8Array {
  const keyIdentifier = encode(primitiveTag(0), hex(digits));
  return encodeExtension(oid.authorityKeyIdentifier, false, encodeSequence(keyIdentifier));
}

/** authorityKeyIdentifier with the issuer and serial of the issuer's certificate. */
export function authorityCertificate(issuer: Uint8Array, serial: string): Uint8Array {
  const names = encode(constructedTag(1), encode(constructedTag(4), issuer));
  const content = encodeSequence(names, encode(primitiveTag(2), hex(serial)));
  return encodeExtension(oid.authorityKeyIdentifier, false, content);
}

export function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits.replaceAll(" ", ""), "hex"));
}
