import { PkiError } from "../errors.ts";
import { checkPrimitive } from "./canonical.ts";
import { tag } from "./tag.ts";

/** One element of a DER structure that {@link parseDer} has accepted. */
export interface DerElement {
  /** The identifier octet, including class and constructed bit. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content, as received. */
  readonly raw: Uint8Array;
  /** The elements inside a constructed element; empty for a primitive one. */
  readonly children: readonly DerElement[];
}

const maxDepth = 16;

/**
 * Reads exactly one element with everything inside it. It rejects everything but canonical DER (X.690 §10 and
 * §11) of at most 16 levels, because two encodings of one value let two parsers see two different requests.
 * @throws PkiError `DER_MALFORMED`
 */
export function parseDer(bytes: Uint8Array): DerElement {
  const element = readElement(bytes, 0, 1);
  if (element.raw.length !== bytes.length) throw malformed("there are bytes after the structure");
  return element;
}

function readElement(bytes: Uint8Array, start: number, depth: number): DerElement {
  if (depth > maxDepth) throw malformed(`the nesting is deeper than ${maxDepth}`);
  const identifier = octetAt(bytes, start);
  checkIdentifier(identifier);
  const { contentStart, end } = readLength(bytes, start + 1);
  if (end > bytes.length) throw malformed("the structure is truncated");
  const content = bytes.subarray(contentStart, end);
  const isConstructed = (identifier & 0x20) !== 0;
  if (!isConstructed) checkPrimitive(identifier, content);
  const children = isConstructed ? readChildren(content, depth + 1) : [];
  if (identifier === tag.set) checkSetOrder(children);
  return { tag: identifier, content, raw: bytes.subarray(start, end), children };
}

function readChildren(content: Uint8Array, depth: number): DerElement[] {
  const children: DerElement[] = [];
  for (let at = 0; at < content.length; ) {
    const child = readElement(content, at, depth);
    children.push(child);
    at += child.raw.length;
  }
  return children;
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

function readLength(bytes: Uint8Array, at: number): { contentStart: number; end: number } {
  const first = octetAt(bytes, at);
  if (first < 0x80) return { contentStart: at + 1, end: at + 1 + first };
  const count = first & 0x7f;
  // Three octets already allow 16 MiB, more than any input of this parser.
  if (count === 0 || count > 3) throw malformed("a length is indefinite or too large");
  let length = 0;
  for (let index = 1; index <= count; index += 1) length = length * 256 + octetAt(bytes, at + index);
  if (length < 0x80 || length < 256 ** (count - 1)) throw malformed("a length is not minimal");
  return { contentStart: at + 1 + count, end: at + 1 + count + length };
}

function octetAt(bytes: Uint8Array, at: number): number {
  const octet = bytes[at];
  if (octet === undefined) throw malformed("the structure is truncated");
  return octet;
}

function malformed(rule: string): PkiError {
  return new PkiError("DER_MALFORMED", `not canonical DER: ${rule}`);
}
