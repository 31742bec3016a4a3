import { openElement } from "../der/cursor.ts";
import { type DerElement, parseDer } from "../der/reader.ts";
import { primitiveTag, tag } from "../der/tag.ts";
import { PkiError } from "../errors.ts";

/** The choices of a GeneralName (RFC 5280 §4.2.1.6), by their context tags. */
const kinds = [
  "otherName",
  "rfc822Name",
  "dNSName",
  "x400Address",
  "directoryName",
  "ediPartyName",
  "uniformResourceIdentifier",
  "iPAddress",
  "registeredID",
] as const;

export type GeneralNameKind = (typeof kinds)[number];

export interface GeneralName {
  readonly kind: GeneralNameKind;
  /** The raw octets, even of names that should be ASCII. */
  readonly value: Uint8Array;
}

const constructedKinds: ReadonlySet<GeneralNameKind> = new Set([
  "otherName",
  "x400Address",
  "directoryName",
  "ediPartyName",
]);

/** The context tag of the URI choice. */
export const uriTag = primitiveTag(kinds.indexOf("uniformResourceIdentifier"));
/** The context tag of the DNS choice. */
export const dnsTag = primitiveTag(kinds.indexOf("dNSName"));
/** The context tag of the IP address choice. */
export const ipTag = primitiveTag(kinds.indexOf("iPAddress"));

/** Reads the value of a subjectAltName: one or more GeneralNames. @throws PkiError `DER_MALFORMED` */
export function readGeneralNames(value: Uint8Array): readonly GeneralName[] {
  const names = parseDer(value);
  openElement(names, tag.sequence, "GeneralNames");
  if (names.children.length === 0) throw new PkiError("DER_MALFORMED", "GeneralNames is empty");
  return names.children.map(readGeneralName);
}

/** Reads one GeneralName. @throws PkiError `DER_MALFORMED` */
export function readGeneralName(element: DerElement): GeneralName {
  const kind = kinds[element.tag & 0x1f];
  const isContextSpecific = (element.tag & 0xc0) === 0x80;
  const isConstructed = (element.tag & 0x20) !== 0;
  if (kind === undefined || !isContextSpecific || isConstructed !== constructedKinds.has(kind)) {
    throw new PkiError("DER_MALFORMED", "a GeneralName is of an unknown kind");
  }
  return { kind, value: element.content };
}

/** The octets as text with one character per octet, which loses nothing and never fails. */
export function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("latin1");
}

/** The usual text of an iPAddress; undefined unless it has 4 or 16 octets. */
export function ipAddressText(octets: Uint8Array): string | undefined {
  if (octets.length === 4) return octets.join(".");
  if (octets.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => groupAt(octets, index).toString(16));
  // The URL parser writes IPv6 in its shortest form (RFC 5952 §4.2).
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

function groupAt(octets: Uint8Array, index: number): number {
  return ((octets[2 * index] ?? 0) << 8) | (octets[2 * index + 1] ?? 0);
}
