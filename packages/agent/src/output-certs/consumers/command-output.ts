const maxLines = 20;
const maxLineLength = 500;
const pemEdge = /-----(?:BEGIN|END) /g;
const longestEdge = "-----BEGIN ".length;
const longBase64 = /^[A-Za-z0-9+/_=-]{40,}$/;
/** As `openssl pkey -text` prints a key. */
const hexBytes = /^(?:[0-9a-f]{2}:)+(?:[0-9a-f]{2})?$/i;

/**
 * The last lines that a command printed, in bounded memory. PEM blocks and lines that look like their
 * contents are redacted, in case a command prints the key by mistake.
 */
export class CommandOutput {
  readonly #lines: string[] = [];
  #partial = "";
  /** The last edge of a PEM block in the unfinished line, also beyond the part that is kept. */
  #edge: string | undefined;
  #scanned = "";
  #isInPem = false;

  add(text: string): void {
    const [first = "", ...rest] = text.split("\n");
    this.#extend(first);
    for (const line of rest) {
      this.#endLine();
      this.#extend(line);
    }
  }

  /** The last lines, including an unfinished one. */
  get lines(): readonly string[] {
    if (this.#partial !== "") this.#endLine();
    return this.#lines;
  }

  #extend(text: string): void {
    this.#partial += text.slice(0, Math.max(0, maxLineLength - this.#partial.length));
    const seen = this.#scanned + text;
    this.#edge = seen.match(pemEdge)?.at(-1) ?? this.#edge;
    this.#scanned = seen.slice(-longestEdge);
  }

  #endLine(): void {
    const line = this.#partial.trimEnd();
    const edge = this.#edge;
    this.#partial = "";
    this.#edge = undefined;
    this.#scanned = "";
    const isSecret = this.#isInPem || edge !== undefined || looksSecret(line.trim());
    if (edge !== undefined) this.#isInPem = edge.includes("BEGIN");
    if (line === "") return;
    const shown = isSecret ? "[redacted]" : line;
    if (shown === "[redacted]" && this.#lines.at(-1) === shown) return;
    this.#lines.push(shown);
    if (this.#lines.length > maxLines) this.#lines.shift();
  }
}

function looksSecret(line: string): boolean {
  return longBase64.test(line) || hexBytes.test(line);
}
