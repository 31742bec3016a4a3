/** Every quoted text of a JSON document, and the marks that open, close and part its objects and lists. */
const marks = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gsu;
const maxDepth = 16;

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads one JSON object of UTF-8 text in which no object names a member twice: readers differ in which of two they
 * take, so that one would check what another uses (RFC 8725 §2.4 in spirit, RFC 8259 §4).
 *
 * @throws TypeError naming the rule, and nothing of the text.
 */
export function parseStrictJson(bytes: Uint8Array): JsonObject {
  const text = decodeUtf8(bytes);
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new TypeError("it is not a JSON object");
  refuseRepeatedMembers(text);
  return value;
}

/** Whether a value of a JSON document is an object. */
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

/** The parser's own message quotes the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError("it is not JSON");
  }
}

/** Walks over text that is known to be JSON: a quoted text is a name exactly when a colon follows it. */
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
      // Compared as decoded, since "sub" can be spelled "s\u0075b" too.
      const name: string = JSON.parse(last);
      const names = open.at(-1);
      if (names?.has(name)) throw new TypeError("it repeats a member name");
      names?.add(name);
    }
    last = mark;
  }
}
