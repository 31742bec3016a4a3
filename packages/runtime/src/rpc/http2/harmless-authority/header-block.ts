import { decodedLength, FieldReader, OddBlock, type StringLiteral } from "./field-reader.ts";
import { rawLiteral } from "./raw-literal.ts";

/** A header block with harmless authorities. */
export interface HarmlessBlock {
  /** The block; the given one if nothing had to be replaced. */
  readonly octets: Buffer;
  /** Whether it contains an empty authority, which stays as it is. */
  readonly hasEmptyAuthority: boolean;
}

/** `:authority` and `host` in the static table (RFC 7541 appendix A). */
const staticAuthority: ReadonlySet<number> = new Set([1, 38]);
const names: ReadonlySet<string> = new Set([":authority", "host"].map((name) => hexOf(Buffer.from(name))));
/** The same names in Huffman code. */
const huffmanNames: ReadonlySet<string> = new Set(["b83b5339ec327d7f", "9ce84f"]);

/**
 * Replaces the value of each `:authority` and `host` with as many letters as the value has octets when decoded. The
 * size of a field in the dynamic table is that of its decoded name and value, so both ends keep evicting the same
 * fields, and later references to the field yield the harmless value. A name that refers to the dynamic table is not
 * resolved, and its value stays as it is. Returns undefined if the block has an odd form.
 */
export function harmlessBlock(block: Buffer): HarmlessBlock | undefined {
  try {
    return replaceAuthorities(block);
  } catch (error) {
    if (error instanceof OddBlock) return undefined;
    throw error;
  }
}

function replaceAuthorities(block: Buffer): HarmlessBlock {
  const reader = new FieldReader(block);
  const parts: Buffer[] = [];
  let copied = 0;
  let hasEmptyAuthority = false;
  while (!reader.isAtEnd) {
    const field = readField(reader);
    hasEmptyAuthority ||= field.isEmptyAuthority;
    if (field.authority === undefined) continue;
    const length = decodedLength(field.authority);
    hasEmptyAuthority ||= length === 0;
    if (length === 0) continue;
    parts.push(block.subarray(copied, field.authority.start), rawLiteral(length));
    copied = field.authority.end;
  }
  if (copied === 0) return { octets: block, hasEmptyAuthority };
  return { octets: Buffer.concat([...parts, block.subarray(copied)]), hasEmptyAuthority };
}

interface Field {
  /** The literal value, if the field is an authority. */
  readonly authority?: StringLiteral;
  readonly isEmptyAuthority: boolean;
}

/** Reads one field, or one change of the table's size (RFC 7541 §6). */
function readField(reader: FieldReader): Field {
  const first = reader.peek();
  if (first >= 0x80) return { isEmptyAuthority: staticAuthority.has(reader.integer(7)) };
  const isSizeUpdate = first >= 0x20 && first < 0x40;
  if (isSizeUpdate) {
    reader.integer(5);
    return { isEmptyAuthority: false };
  }
  const nameIndex = reader.integer(first >= 0x40 ? 6 : 4);
  const isAuthority = nameIndex === 0 ? isAuthorityName(reader.string()) : staticAuthority.has(nameIndex);
  const value = reader.string();
  return isAuthority ? { authority: value, isEmptyAuthority: false } : { isEmptyAuthority: false };
}

function isAuthorityName({ isHuffman, octets }: StringLiteral): boolean {
  return (isHuffman ? huffmanNames : names).has(hexOf(octets));
}

function hexOf(octets: Buffer): string {
  return octets.toString("hex");
}
