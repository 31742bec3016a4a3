/** Every string of a JSON document, and the punctuation of its objects and arrays. */
const marks = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gsu;
const maxDepth = 16;

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses one JSON object in UTF-8 and rejects repeated member names. Parsers differ in which of the two they
 * keep, so one component would check what another does not use (RFC 8725 §2.4 in spirit, RFC 8259 §4).
 *
 * @throws TypeError that names the rule and quotes nothing of the text.
 */
export function parseStrictJson(bytes: Uint8Array): JsonObject {
  const text = decodeUtf8(bytes);
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new TypeError("it is not a JSON object");
  refuseRepeatedMembers(text);
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new TypeError("it is not UTF-8");
  }
}

/** The parser's own message quotes the text, so it is dropped. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError("it is not JSON");
  }
}

/** Scans text that is known to be valid JSON. A string is a member name if and only if a colon follows it. */
function refuseRepeatedMembers(text: string): void {
  const open: Set<string>[] = [];
  let last = "";
  for (const [mark] of text.matchAll(marks)) {
    if (mark === "{" || mark === "[") {
      open.push(new Set());
      if (open.length > maxDepth) throw new TypeError(`it is nested more than ${maxDepth} deep`);
    } else if (mark === "}" || mark === "]") {
      open.pop();
    } else if (mark === ":") {
      // Names are compared after decoding, because "sub" can also be written "s\u0075b".
      const name: string = JSON.parse(last);
      const names = open.at(-1);
      if (names?.has(name)) throw new TypeError("it repeats a member name");
      names?.add(name);
    }
    last = mark;
  }
}
