import type { LeafTemplate } from "../templates.ts";
import { encodeNames } from "./names.ts";
import { Octets, sizeOf } from "./octets.ts";
import type { PreparedLeaf } from "./profile.ts";
import { encodeSubject } from "./subject.ts";
import { encodeTime, writeTime } from "./time.ts";

/** Version 3, in its explicit tag. */
const version = Buffer.from("a003020102", "hex");

/** The TBSCertificate of a leaf (RFC 5280 §4.1.2): what differs between leaves, in the prepared frame. */
export function encodeLeafContent(template: LeafTemplate, frame: PreparedLeaf): Uint8Array {
  const serial = minimal(template.serial);
  const signOctet = (serial[0] ?? 0) >= 0x80 ? 1 : 0;
  const begin = encodeTime(template.validity.notBefore);
  const end = encodeTime(template.validity.notAfter);
  const validity = sizeOf(begin.text.length) + sizeOf(end.text.length);
  const subject = encodeSubject(template.commonName);
  const { spki } = template.publicKey;
  const names = encodeNames(template.subjectAltNames, template.commonName !== undefined);
  const extensions = frame.extensions.length + names.length;
  const explicit = sizeOf(extensions);
  const serialLength = signOctet + serial.length;
  const fixed = version.length + frame.afterSerial.length + subject.length + spki.length;
  const content = fixed + sizeOf(serialLength) + sizeOf(validity) + sizeOf(explicit);

  const octets = new Octets(sizeOf(content)).open(0x30, content).raw(version).open(0x02, serialLength);
  if (signOctet === 1) octets.octet(0x00);
  octets.raw(serial).raw(frame.afterSerial).open(0x30, validity);
  writeTime(octets, begin);
  writeTime(octets, end);
  octets.raw(subject).raw(spki).open(0xa3, explicit).open(0x30, extensions);
  return octets.raw(frame.extensions).raw(names).end();
}

/** The Certificate of a TBSCertificate, its signature algorithm and its signature. */
export function encodeSignedLeaf(
  toBeSigned: Uint8Array,
  { signatureAlgorithm }: PreparedLeaf,
  signature: Uint8Array,
): Uint8Array {
  const bits = 1 + signature.length;
  const content = toBeSigned.length + signatureAlgorithm.length + sizeOf(bits);
  const octets = new Octets(sizeOf(content)).open(0x30, content).raw(toBeSigned).raw(signatureAlgorithm);
  return octets.open(0x03, bits).octet(0x00).raw(signature).end();
}

/** A magnitude without leading zero octets. */
function minimal(magnitude: Uint8Array): Uint8Array {
  return magnitude[0] === 0 ? minimal(magnitude.subarray(1)) : magnitude;
}
