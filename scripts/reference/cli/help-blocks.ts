/** A part of the text that a command's `--help` prints below its flags. */
export type HelpBlock =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly title: string; readonly items: readonly HelpItem[] };

/** A line of a list: a command, a code or a word, and its meaning. */
export interface HelpItem {
  readonly term: string;
  readonly meaning: string;
}

/** Splits a text into paragraphs and into lists, whose lines are indented. */
export function helpBlocks(text: string): readonly HelpBlock[] {
  return text
    .split(/\n\s*\n/)
    .map((part) => part.split("\n").filter((line) => line.trim() !== ""))
    .filter((lines) => lines.length > 0)
    .flatMap(blocksOf);
}

/** A line alone above an indented one is the list's title; a longer paragraph above it stays a paragraph. */
function blocksOf(lines: readonly string[]): readonly HelpBlock[] {
  const first = lines.findIndex((line) => line.startsWith("  "));
  const head = first < 0 ? lines : lines.slice(0, first);
  const text = head.join(" ");
  if (first < 0) return [{ kind: "text", text }];
  const end = lines.findIndex((line, at) => at > first && !line.startsWith("  "));
  const items = itemsOf(end < 0 ? lines.slice(first) : lines.slice(first, end));
  const rest = end < 0 ? [] : blocksOf(lines.slice(end));
  const isTitle = head.length === 1 && !/[.:]$/.test(text);
  if (isTitle) return [{ kind: "list", title: text, items }, ...rest];
  const above: readonly HelpBlock[] = text === "" ? [] : [{ kind: "text", text }];
  return [...above, { kind: "list", title: "", items }, ...rest];
}

function itemsOf(lines: readonly string[]): readonly HelpItem[] {
  const items: HelpItem[] = [];
  for (const line of lines) {
    const last = items.at(-1);
    const isContinued = last !== undefined && /^ {4}/.test(line);
    if (!isContinued) items.push(itemOf(line.trim()));
    else items[items.length - 1] = continued(last, line.trim());
  }
  return items;
}

function itemOf(line: string): HelpItem {
  const [term = "", ...meaning] = line.split(/ {2,}/);
  return { term, meaning: meaning.join(" ") };
}

/** A command that ends with a backslash goes on in the next line; any other line goes on with its meaning. */
function continued({ term, meaning }: HelpItem, line: string): HelpItem {
  if (term.endsWith("\\")) return { term: `${term.slice(0, -1).trim()} ${line}`, meaning };
  return { term, meaning: `${meaning} ${line}`.trim() };
}
