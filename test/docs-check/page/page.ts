import { type FenceInfo, parseInfo } from "./info.ts";

/** A fenced block of a page, without the indentation of its list item. */
export interface Fence extends FenceInfo {
  readonly kind: "fence";
  /** The line of the page on which the first line of the block stands. */
  readonly line: number;
  readonly lines: readonly string[];
}

/** Commands in a comment, which readers of the page do not see: `<!-- check: then`, and commands until `-->`. */
export interface HiddenCommands {
  readonly kind: "hidden";
  readonly line: number;
  readonly lines: readonly string[];
}

export interface Page {
  readonly path: string;
  /** What exists before the first command: the word of `<!-- check: ca -->`. */
  readonly setup: string | undefined;
  /** Values of the placeholders in the page's commands: `<!-- check: ca pod=frontend-1 -->` for `<pod>`. */
  readonly placeholders: ReadonlyMap<string, string>;
  readonly items: readonly (Fence | HiddenCommands)[];
}

/** @throws RangeError with the page and the line of a block that is not written as CONTRIBUTING says */
export function parsePage(path: string, text: string): Page {
  const reader = new Reader(text.split("\n"));
  const items: (Fence | HiddenCommands)[] = [];
  let setup: string | undefined;
  const placeholders = new Map<string, string>();
  while (!reader.atEnd) {
    const { line } = reader;
    const start = reader.next();
    const fence = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(start);
    const comment = /^\s*<!-- check: (.*?)\s*(-->)?$/.exec(start);
    if (fence !== null) items.push(readFence(reader, fence, path));
    if (comment === null) continue;
    const [, words = "", end] = comment;
    const [word = "", ...values] = words.split(/\s+/);
    if (word !== "then") setup = word;
    for (const value of values) placeholders.set(...splitValue(value, `${path}:${line}`));
    if (end === undefined) items.push({ kind: "hidden", line: reader.line, lines: hiddenLines(reader) });
  }
  return { path, setup, placeholders, items };
}

function readFence(
  reader: Reader,
  [, indent = "", ticks = "", info = ""]: RegExpExecArray,
  path: string,
): Fence {
  const { line } = reader;
  const isEnd = (each: string) => each.trim().startsWith(ticks) && /^(`+|~+)$/.test(each.trim());
  const lines = reader.until(isEnd).map((each) => each.slice(Math.min(indent.length, leadingSpaces(each))));
  try {
    return { kind: "fence", line, lines, ...parseInfo(info) };
  } catch (error) {
    throw new RangeError(`${path}:${line - 1}: ${(error as Error).message}`, { cause: error });
  }
}

/** In a list item, the comment is indented as the item is, and so is the line that ends it. */
function hiddenLines(reader: Reader): readonly string[] {
  const lines = reader.until((each) => each.trim() === "-->");
  const indent = leadingSpaces(reader.last);
  return lines.map((line) => line.slice(Math.min(indent, leadingSpaces(line))));
}

const leadingSpaces = (line: string) => line.length - line.trimStart().length;

function splitValue(value: string, where: string): [string, string] {
  const [, name = "", rest = ""] = /^([\w-]+)=(\S+)$/.exec(value) ?? [];
  if (name === "") throw new RangeError(`${where}: expected name=value after the setup, found ${value}`);
  return [name, rest];
}

class Reader {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  get atEnd(): boolean {
    return this.#at >= this.#lines.length;
  }

  /** The number of the next line, as editors count. */
  get line(): number {
    return this.#at + 1;
  }

  /** The line that was read last. */
  get last(): string {
    return this.#lines[this.#at - 1] ?? "";
  }

  next(): string {
    this.#at += 1;
    return this.#lines[this.#at - 1] ?? "";
  }

  /** The lines up to the first that ends the block, which is read too. */
  until(isEnd: (line: string) => boolean): readonly string[] {
    const lines: string[] = [];
    while (!this.atEnd) {
      const line = this.next();
      if (isEnd(line)) return lines;
      lines.push(line);
    }
    throw new RangeError(`line ${this.#at}: the block does not end`);
  }
}
