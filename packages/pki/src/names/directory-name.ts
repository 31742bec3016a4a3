import { equalBytes } from "../bytes.ts";
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

/**
 * Whether two Names are the same (RFC 5280 §7.1), ignoring case, spaces and string type, as OpenSSL compares
 * them. Parts that are not text must be equal byte by byte.
 */
export function isSameName(a: Uint8Array, b: Uint8Array): boolean {
  if (equalBytes(a, b)) return true;
  const [parts, others] = [comparablePartsOf(a), comparablePartsOf(b)];
  return parts.length === others.length && parts.every((part, index) => part === others[index]);
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

function comparablePartsOf(name: Uint8Array): readonly string[] {
  return parseDer(name).children.map(({ children }) => {
    const attributes = children.map((one) => attributeText(one) ?? Buffer.from(one.raw).toString("hex"));
    return JSON.stringify(attributes.sort());
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
