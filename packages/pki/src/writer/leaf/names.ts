import type { SubjectAltName } from "../subject-alt-name.ts";
import { addressOctets } from "./ip-address.ts";
import { Octets, sizeOf } from "./octets.ts";

/** subjectAltName: its identifier, and the criticality of a critical one (false is the default, so it is left out). */
const identifier = Buffer.from("0603551d11", "hex");
const criticalIdentifier = Buffer.from("0603551d110101ff", "hex");

/** GeneralName: dNSName [2], uniformResourceIdentifier [6], iPAddress [7]. */
const identifiers = { dns: 0x82, uri: 0x86, ip: 0x87 } as const;

/**
 * The extension with the names of a leaf, in the given order. RFC 5280 §4.2.1.6: critical if the subject is empty,
 * otherwise not.
 */
export function encodeNames(names: readonly SubjectAltName[], hasSubject: boolean): Uint8Array {
  const headOfExtension = hasSubject ? identifier : criticalIdentifier;
  const contents = names.map(({ kind, value }) => (kind === "ip" ? addressOctets(value) : value));
  const namesLength = contents.reduce((sum, { length }) => sum + sizeOf(length), 0);
  const valueLength = sizeOf(namesLength);
  const contentLength = headOfExtension.length + sizeOf(valueLength);
  const octets = new Octets(sizeOf(contentLength)).open(0x30, contentLength).raw(headOfExtension);
  octets.open(0x04, valueLength).open(0x30, namesLength);
  for (const [index, { kind }] of names.entries()) {
    const content = contents[index] ?? "";
    octets.open(identifiers[kind], content.length);
    if (typeof content === "string") octets.latin1(content);
    else octets.raw(content);
  }
  return octets.end();
}
