import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import { quoted } from "../log/printable-text.ts";
import { closestName } from "./closest-name.ts";
import type { Option } from "./option.ts";

/** One setting of a configuration file: its texts as written, and its line. */
export interface FileEntry {
  readonly texts: readonly string[];
  readonly line: number;
}

export interface ConfigFile {
  readonly entries: ReadonlyMap<string, FileEntry>;
  readonly problems: readonly string[];
}

const mostCharacters = 256 * 1024;

/**
 * Reads the YAML of a configuration file. Scalars keep their text (YAML's failsafe schema), so that a value
 * means the same here as in a flag. Unknown and repeated keys, nested values and aliases are problems.
 */
export function readConfigFile(
  path: string,
  source: string,
  options: readonly Option<unknown>[],
): ConfigFile {
  const file = `file ${path}`;
  if (source.length > mostCharacters) return failure(`${file}: larger than 256 KiB`);
  const lines = new LineCounter();
  const document = parseDocument(source, { schema: "failsafe", lineCounter: lines, prettyErrors: false });
  const lineOf = (node: unknown) => lineAt(lines, node);
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const problems = faults.map(
      (error) => `${file} line ${lines.linePos(error.pos[0]).line}: ${error.message}`,
    );
    return { entries: new Map(), problems };
  }
  if (document.contents === null || isEmpty(document.contents)) return { entries: new Map(), problems: [] };
  if (!isMap(document.contents))
    return failure(`${file}: expected keys and values such as "log-level: info"`);
  return readEntries(file, document.contents.items, options, lineOf);
}

function readEntries(
  file: string,
  pairs: readonly Pair[],
  options: readonly Option<unknown>[],
  lineOf: (node: unknown) => number,
): ConfigFile {
  const entries = new Map<string, FileEntry>();
  const problems: string[] = [];
  const byName = new Map(options.map((each) => [each.name, each]));
  for (const { key, value } of pairs) {
    const name = isScalar(key) && typeof key.value === "string" ? key.value : "?";
    const line = lineOf(key);
    const known = byName.get(name);
    const texts = known === undefined ? undefined : textsOf(value, known.arity === "repeatable");
    if (known === undefined) problems.push(`${file} line ${line}: ${unknownKey(name, [...byName.keys()])}`);
    else if (texts === undefined) problems.push(`${file} line ${line}: ${wrongShape(known)}`);
    else entries.set(name, { texts, line });
  }
  return { entries, problems };
}

function textsOf(value: unknown, isList: boolean): string[] | undefined {
  const items = isList && isSeq(value) ? value.items : [value];
  const texts = items.map((item) => (isScalar(item) && item.value !== "" ? item.value : undefined));
  return texts.every((text) => typeof text === "string") ? texts : undefined;
}

function unknownKey(name: string, known: readonly string[]): string {
  const near = closestName(name, known);
  return `unknown key ${quoted(name)}${near === undefined ? "" : `: did you mean ${near}?`}`;
}

function wrongShape({ name, arity }: Option<unknown>): string {
  return `${name}: expected ${arity === "repeatable" ? "a list of plain values" : "a plain value"}`;
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === "";
}

function lineAt(lines: LineCounter, node: unknown): number {
  const start = isScalar(node) || isMap(node) || isSeq(node) ? node.range?.[0] : undefined;
  return start === undefined ? 1 : lines.linePos(start).line;
}

function failure(problem: string): ConfigFile {
  return { entries: new Map(), problems: [problem] };
}
