import { equalBytes } from "../bytes.ts";
import { PkiError } from "../errors.ts";
import { oid } from "../oids.ts";
import type { DerElement } from "./reader.ts";
import { encodeOid } from "./writer.ts";

/** The magnitude of a positive INTEGER, without the sign octet. @throws PkiError `DER_MALFORMED` for zero and below */
export function positiveInteger(element: DerElement, name: string): Uint8Array {
  const { content } = element;
  const first = content[0] ?? 0;
  const magnitude = first === 0 ? content.subarray(1) : content;
  if ((first & 0x80) !== 0 || magnitude.length === 0) {
    throw new PkiError("DER_MALFORMED", `${name} is not positive`);
  }
  return magnitude;
}

/**
 * The octets of a BIT STRING that must contain whole octets, as keys and signatures do. @throws PkiError
 * `DER_MALFORMED`
 */
export function wholeOctets(element: DerElement, name: string): Uint8Array {
  const { content } = element;
  if (content[0] !== 0) throw new PkiError("DER_MALFORMED", `${name} does not contain whole octets`);
  return content.subarray(1);
}

/** The dotted form of an OBJECT IDENTIFIER that {@link parseDer} has found canonical. */
export function dottedOid(content: Uint8Array): string {
  const known = knownOids.get(checksum(content));
  return known !== undefined && equalBytes(known.content, content) ? known.text : readOid(content);
}

/** Almost every certificate contains only these, so their texts are not built anew. */
const knownOids: ReadonlyMap<number, { readonly content: Uint8Array; readonly text: string }> = new Map(
  Object.values(oid).map((text) => {
    const content = encodeOid(text).subarray(2);
    return [checksum(content), { content, text }];
  }),
);

/** It only finds a candidate: different octets can have the same. */
function checksum(octets: Uint8Array): number {
  let sum = octets.length;
  for (let at = 0; at < octets.length; at += 1) sum = (Math.imul(sum, 31) + (octets[at] ?? 0)) | 0;
  return sum;
}

function readOid(content: Uint8Array): string {
  let text = "";
  let arc = 0;
  for (const octet of content) {
    // Arcs have no limit, but beyond this a number would lose digits.
    if (arc > maxPlainArc) return dottedLongOid(content);
    arc = arc * 128 + (octet & 0x7f);
    if ((octet & 0x80) !== 0) continue;
    text += text === "" ? firstArcs(arc) : `.${arc}`;
    arc = 0;
  }
  return text;
}

const maxPlainArc = 2 ** 45;

/** The first two arcs share one number (X.690 §8.19.4). */
function firstArcs(joined: number): string {
  const first = joined < 80 ? Math.floor(joined / 40) : 2;
  return `${first}.${joined - first * 40}`;
}

function dottedLongOid(content: Uint8Array): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const octet of content) {
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if ((octet & 0x80) === 0) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const [joined = 0n, ...rest] = arcs;
  const first = joined < 80n ? joined / 40n : 2n;
  return [first, joined - first * 40n, ...rest].join(".");
}
