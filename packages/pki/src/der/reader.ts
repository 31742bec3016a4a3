import { PkiError } from "../errors.ts";
import { checkPrimitive } from "./canonical.ts";
import { type DerElement, ReadElement } from "./element.ts";
import { tag } from "./tag.ts";

export type { DerElement } from "./element.ts";

const maxDepth = 16;

/**
 * Reads exactly one element with everything inside it. It rejects everything but canonical DER (X.690 §10 and
 * §11) of at most 16 levels, because two encodings of one value let two parsers see two different requests.
 * @throws PkiError `DER_MALFORMED`
 */
export function parseDer(bytes: Uint8Array): DerElement {
  const element = readElement(bytes, 0, bytes.length, 1, []);
  if (element.end !== bytes.length) throw malformed("there are bytes after the structure");
  return element;
}

/**
 * Reads the element that starts at `start` and may not reach beyond `limit`. `siblings` holds the elements whose
 * parent is not complete: an array that grew for each parent alone would be mostly spare room.
 */
function readElement(
  bytes: Uint8Array,
  start: number,
  limit: number,
  depth: number,
  siblings: ReadElement[],
): ReadElement {
  if (depth > maxDepth) throw malformed(`the nesting is deeper than ${maxDepth}`);
  const identifier = octetAt(bytes, start, limit);
  checkIdentifier(identifier);
  const contentStart = start + 2 + extraLengthOctets(bytes, start + 1, limit);
  const end = contentStart + readLength(bytes, start + 1, limit);
  if (end > limit) throw malformed("the structure is truncated");
  const isConstructed = (identifier & 0x20) !== 0;
  if (!isConstructed) checkPrimitive(identifier, bytes, contentStart, end);
  const children = isConstructed ? readChildren(bytes, contentStart, end, depth + 1, siblings) : noChildren;
  if (identifier === tag.set) checkSetOrder(children);
  return new ReadElement(identifier, bytes, start, contentStart, end, children);
}

const noChildren: readonly ReadElement[] = [];

function readChildren(
  bytes: Uint8Array,
  start: number,
  limit: number,
  depth: number,
  siblings: ReadElement[],
): readonly ReadElement[] {
  const first = siblings.length;
  for (let at = start; at < limit; ) {
    const child = readElement(bytes, at, limit, depth, siblings);
    siblings.push(child);
    at = child.end;
  }
  return siblings.splice(first);
}

/** Checks that a SET OF is sorted by encoding (X.690 §11.6). @throws PkiError `DER_MALFORMED` */
export function checkSetOrder(children: readonly DerElement[]): void {
  let previous: DerElement | undefined;
  for (const child of children) {
    if (previous !== undefined && Buffer.compare(previous.raw, child.raw) > 0) {
      throw malformed("the elements of a SET OF are not in order");
    }
    previous = child;
  }
}

function checkIdentifier(identifier: number): void {
  if ((identifier & 0x1f) === 0x1f) throw malformed("a tag is in the high-tag-number form");
  const isUniversal = (identifier & 0xc0) === 0;
  if (!isUniversal) return;
  const number = identifier & 0x1f;
  const mustBeConstructed = number === 0x10 || number === 0x11;
  if (number === 0) throw malformed("DER does not allow end-of-contents markers");
  if (mustBeConstructed !== ((identifier & 0x20) !== 0)) {
    throw malformed("a string is constructed, or a SEQUENCE or SET is primitive");
  }
}

/** The octets of a length after its first one. */
function extraLengthOctets(bytes: Uint8Array, at: number, limit: number): number {
  const first = octetAt(bytes, at, limit);
  return first < 0x80 ? 0 : first & 0x7f;
}

function readLength(bytes: Uint8Array, at: number, limit: number): number {
  const first = octetAt(bytes, at, limit);
  if (first < 0x80) return first;
  const count = first & 0x7f;
  // Three octets already allow 16 MiB, more than any input of this parser.
  if (count === 0 || count > 3) throw malformed("a length is indefinite or too large");
  let length = 0;
  for (let index = 1; index <= count; index += 1) length = length * 256 + octetAt(bytes, at + index, limit);
  if (length < 0x80 || length < 256 ** (count - 1)) throw malformed("a length is not minimal");
  return length;
}

function octetAt(bytes: Uint8Array, at: number, limit: number): number {
  const octet = at < limit ? bytes[at] : undefined;
  if (octet === undefined) throw malformed("the structure is truncated");
  return octet;
}

function malformed(rule: string): PkiError {
  return new PkiError("DER_MALFORMED", `not canonical DER: ${rule}`);
}
