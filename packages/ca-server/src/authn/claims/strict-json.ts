const maxDepth = 16;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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
  // JSON.parse keeps one of several members with the same name, in whichever spelling.
  if (countWrittenMembers(text) !== countMembers(value)) throw new TypeError("it repeats a member name");
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

/** The parser's own message quotes the text, so it is dropped. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError("it is not JSON");
  }
}

const [quote, colon, backslash] = [0x22, 0x3a, 0x5c] as const;
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d] as const;

/** Counts the members of all objects in text that is known to be valid JSON: one for each colon outside strings. */
function countWrittenMembers(text: string): number {
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === colon) members += 1;
    else if (code === closeBrace || code === closeBracket) depth -= 1;
    else if (code === openBrace || code === openBracket) depth += 1;
    if (depth > maxDepth) throw new TypeError(`it is nested more than ${maxDepth} deep`);
  }
  return members;
}

/** The index of the quote that ends the string which starts at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

/** Whether an odd number of backslashes precedes. */
function isEscaped(text: string, index: number): boolean {
  let before = index - 1;
  while (text.charCodeAt(before) === backslash) before -= 1;
  return (index - before) % 2 === 0;
}

/** Counts the members of all objects in a value whose depth is known to be small. */
function countMembers(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let members = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const each of Object.values(value)) members += countMembers(each);
  return members;
}
