const maxLines = 20;
const maxLineLength = 500;
const pemEdge = /-----(BEGIN|END) /;
const longBase64 = /^[A-Za-z0-9+/_=-]{40,}$/;

/**
 * The last lines that a command printed, in bounded memory. PEM blocks and lines that look like their
 * contents are redacted, in case a command prints the key by mistake.
 */
export class CommandOutput {
  readonly #lines: string[] = [];
  #partial = "";
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
  }

  #endLine(): void {
    const line = this.#partial.trimEnd();
    this.#partial = "";
    const edge = pemEdge.exec(line)?.[1];
    const isSecret = this.#isInPem || edge !== undefined || longBase64.test(line.trim());
    if (edge !== undefined) this.#isInPem = edge === "BEGIN";
    if (line === "") return;
    const shown = isSecret ? "[redacted]" : line;
    if (shown === "[redacted]" && this.#lines.at(-1) === shown) return;
    this.#lines.push(shown);
    if (this.#lines.length > maxLines) this.#lines.shift();
  }
}
