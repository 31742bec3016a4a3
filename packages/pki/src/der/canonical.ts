import { PkiError } from "../errors.ts";
import { tag } from "./tag.ts";

const maxOidLength = 64;

/**
 * Rejects a universal primitive whose content, from `start` to `end`, is not in canonical form (X.690 §8 and §11).
 * @throws PkiError `DER_MALFORMED`
 */
export function checkPrimitive(identifier: number, bytes: Uint8Array, start: number, end: number): void {
  const rule = brokenRule(identifier, bytes, start, end);
  if (rule !== undefined) throw new PkiError("DER_MALFORMED", `not canonical DER: ${rule}`);
}

function brokenRule(identifier: number, bytes: Uint8Array, start: number, end: number): string | undefined {
  switch (identifier) {
    case tag.boolean:
      return isCanonicalBoolean(bytes, start, end) ? undefined : "a BOOLEAN is neither 00 nor FF";
    case tag.integer:
    case tag.enumerated:
      return isMinimalInteger(bytes, start, end) ? undefined : "an INTEGER is empty or not minimal";
    case tag.bitString:
      return isCanonicalBitString(bytes, start, end) ? undefined : "a BIT STRING has wrong unused bits";
    case tag.null:
      return start === end ? undefined : "a NULL is not empty";
    case tag.oid:
      return isCanonicalOid(bytes, start, end)
        ? undefined
        : "an OBJECT IDENTIFIER is not minimal or too long";
    default:
      return undefined;
  }
}

function isCanonicalBoolean(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 1 && (bytes[start] === 0x00 || bytes[start] === 0xff);
}

function isMinimalInteger(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2) return end > start;
  const first = bytes[start];
  const signOfSecond = (bytes[start + 1] ?? 0) & 0x80;
  return !(first === 0x00 && signOfSecond === 0) && !(first === 0xff && signOfSecond !== 0);
}

function isCanonicalBitString(bytes: Uint8Array, start: number, end: number): boolean {
  const unused = bytes[start] ?? 0;
  if (end === start || unused > 7) return false;
  if (end - start === 1) return unused === 0;
  return ((bytes[end - 1] ?? 0) & ((1 << unused) - 1)) === 0;
}

function isCanonicalOid(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0 || length > maxOidLength || ((bytes[end - 1] ?? 0) & 0x80) !== 0) return false;
  let startsArc = true;
  for (let at = start; at < end; at += 1) {
    const octet = bytes[at] ?? 0;
    if (startsArc && octet === 0x80) return false;
    startsArc = (octet & 0x80) === 0;
  }
  return true;
}
