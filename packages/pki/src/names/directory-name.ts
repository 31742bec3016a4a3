import { type DerElement, parseDer } from "../der/reader.ts";
import { tag } from "../der/tag.ts";
import { dottedOid } from "../der/values.ts";

/** String types whose octets are UTF-8 or a subset of it. */
const textTags: readonly number[] = [tag.utf8String, tag.printableString, tag.ia5String];

/**
 * Whether the Name starts with all parts of the base (RFC 5280 §7.1), ignoring case, spaces and string type;
 * undefined if a part of either is not text.
 */
export function isDirectoryNameWithin(name: Uint8Array, base: Uint8Array): boolean | undefined {
  const parts = partsOf(name);
  const baseParts = partsOf(base);
  if (parts.includes(undefined) || baseParts.includes(undefined)) return undefined;
  return baseParts.every((part, index) => parts[index] === part);
}

/** The object identifiers of the attributes of a Name. */
export function attributeTypes(name: Uint8Array): readonly string[] {
  return parseDer(name).children.flatMap(({ children }) => children.map(attributeType));
}

function partsOf(name: Uint8Array): readonly (string | undefined)[] {
  return parseDer(name).children.map(({ children }) => {
    const attributes = children.map(attributeText);
    return attributes.includes(undefined) ? undefined : JSON.stringify(attributes.sort());
  });
}

function attributeText(attribute: DerElement): string | undefined {
  const [, value] = attribute.children;
  if (value === undefined || !textTags.includes(value.tag)) return undefined;
  const text = Buffer.from(value.content).toString("utf8").normalize("NFKC").toLowerCase();
  return `${attributeType(attribute)}=${text.trim().replace(/\s+/g, " ")}`;
}

function attributeType({ children: [type] }: DerElement): string {
  return type?.tag === tag.oid ? dottedOid(type.content) : "";
}
