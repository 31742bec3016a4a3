const maxDepth = 16;
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d] as const;
const [quote, backslash, colon, comma] = [0x22, 0x5c, 0x3a, 0x2c] as const;
/** V8 copies a text of at most 12 characters, which are 14 with their quotes. */
const longestCopied = 14;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * Reads one JSON text from left to right (RFC 8259) and rejects repeated member names. V8's own parser keeps one of
 * several members silently, and V8 14 takes some escaped names for "\" after it has read an object with that name.
 */
export class JsonReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** @throws TypeError that quotes nothing of the text */
  readDocument(): unknown {
    const value = this.#readValue();
    if (!Number.isNaN(this.#next())) throw notJson();
    return value;
  }

  #readValue(): unknown {
    const code = this.#next();
    if (code === quote) return this.#readString();
    if (code === openBrace) return this.#readObject();
    return code === openBracket ? this.#readArray() : this.#readScalar();
  }

  #readObject(): Readonly<Record<string, unknown>> {
    this.#enter();
    const object: Record<string, unknown> = {};
    if (this.#isTaken(closeBrace)) return this.#leave(object);
    do {
      if (this.#next() !== quote) throw notJson();
      const name = this.#readString();
      if (!this.#isTaken(colon)) throw notJson();
      if (Object.hasOwn(object, name)) throw new TypeError("it repeats a member name");
      const value = this.#readValue();
      define(object, name, value);
    } while (this.#isTaken(comma));
    if (!this.#isTaken(closeBrace)) throw notJson();
    return this.#leave(object);
  }

  #readArray(): readonly unknown[] {
    this.#enter();
    const values: unknown[] = [];
    if (this.#isTaken(closeBracket)) return this.#leave(values);
    do values.push(this.#readValue());
    while (this.#isTaken(comma));
    if (!this.#isTaken(closeBracket)) throw notJson();
    return this.#leave(values);
  }

  #readString(): string {
    const start = this.#at;
    for (let at = start + 1; ; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === quote) {
        this.#at = at + 1;
        return copyOf(this.#text, start, at + 1);
      }
      if (code === backslash) return this.#readEscapedString(at);
      if (!(code >= 0x20)) throw notJson();
    }
  }

  #readEscapedString(firstEscape: number): string {
    const start = this.#at;
    let at = firstEscape;
    for (; this.#text.charCodeAt(at) !== quote; at += 1) {
      if (this.#text.charCodeAt(at) === backslash) at += 1;
      if (at >= this.#text.length) throw notJson();
    }
    this.#at = at + 1;
    return String(parseScalar(this.#text.slice(start, this.#at)));
  }

  #readScalar(): unknown {
    scalar.lastIndex = this.#at;
    const text = scalar.exec(this.#text)?.[0];
    if (text === undefined) throw notJson();
    this.#at += text.length;
    return parseScalar(text);
  }

  #enter(): void {
    this.#at += 1;
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new TypeError(`it is nested more than ${maxDepth} deep`);
  }

  #leave<T>(value: T): T {
    this.#depth -= 1;
    return value;
  }

  /** The next character after white space, which it skips; NaN at the end. */
  #next(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
      this.#at += 1;
    }
  }

  #isTaken(code: number): boolean {
    if (this.#next() !== code) return false;
    this.#at += 1;
    return true;
  }
}

/** An assignment to `__proto__` would replace the prototype. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** V8 keeps the whole text in memory for a slice of it, and names of pods are kept for long. */
function copyOf(text: string, start: number, end: number): string {
  if (end - start <= longestCopied) return text.slice(start + 1, end - 1);
  return String(parseScalar(text.slice(start, end)));
}

function parseScalar(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw notJson();
  }
}

function notJson(): TypeError {
  return new TypeError("it is not JSON");
}
