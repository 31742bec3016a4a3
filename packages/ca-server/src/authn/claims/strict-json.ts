import { JsonReader } from "./json-reader.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses one JSON object in UTF-8 and rejects repeated member names. Parsers differ in which of the two they
 * keep, so one component would check what another does not use (RFC 8725 §2.4 in spirit, RFC 8259 §4).
 *
 * @throws TypeError that names the rule and quotes nothing of the text.
 */
export function parseStrictJson(bytes: Uint8Array): JsonObject {
  const value = new JsonReader(decodeUtf8(bytes)).readDocument();
  if (!isJsonObject(value)) throw new TypeError("it is not a JSON object");
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new TypeError("it is not UTF-8");
  }
}
