import { PkiError } from "../errors.ts";
import { tag } from "./tag.ts";

const maxOidLength = 64;

/**
 * Rejects a universal primitive whose content is not in canonical form (X.690 §8 and §11). @throws PkiError
 * `DER_MALFORMED`
 */
export function checkPrimitive(identifier: number, content: Uint8Array): void {
  const rule = brokenRule(identifier, content);
  if (rule !== undefined) throw new PkiError("DER_MALFORMED", `not canonical DER: ${rule}`);
}

function brokenRule(identifier: number, content: Uint8Array): string | undefined {
  switch (identifier) {
    case tag.boolean:
      return isCanonicalBoolean(content) ? undefined : "a BOOLEAN is neither 00 nor FF";
    case tag.integer:
    case tag.enumerated:
      return isMinimalInteger(content) ? undefined : "an INTEGER is empty or not minimal";
    case tag.bitString:
      return isCanonicalBitString(content) ? undefined : "a BIT STRING has wrong unused bits";
    case tag.null:
      return content.length === 0 ? undefined : "a NULL is not empty";
    case tag.oid:
      return isCanonicalOid(content) ? undefined : "an OBJECT IDENTIFIER is not minimal or too long";
    default:
      return undefined;
  }
}

function isCanonicalBoolean(content: Uint8Array): boolean {
  return content.length === 1 && (content[0] === 0x00 || content[0] === 0xff);
}

function isMinimalInteger(content: Uint8Array): boolean {
  const [first, second] = content;
  if (first === undefined) return false;
  if (second === undefined) return true;
  const signOfSecond = second & 0x80;
  return !(first === 0x00 && signOfSecond === 0) && !(first === 0xff && signOfSecond !== 0);
}

function isCanonicalBitString(content: Uint8Array): boolean {
  const [unused] = content;
  const last = content.at(-1);
  if (unused === undefined || last === undefined || unused > 7) return false;
  if (content.length === 1) return unused === 0;
  return (last & ((1 << unused) - 1)) === 0;
}

function isCanonicalOid(content: Uint8Array): boolean {
  const last = content.at(-1);
  if (last === undefined || content.length > maxOidLength || (last & 0x80) !== 0) return false;
  let startsArc = true;
  for (const octet of content) {
    if (startsArc && octet === 0x80) return false;
    startsArc = (octet & 0x80) === 0;
  }
  return true;
}
