import { isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { printableText, quoted } from "../../log/printable-text.ts";

/** What a YAML document says, or all that is wrong with it, each with its line. */
export type YamlOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** What a document is read by; a schema of zod is one. */
export interface DocumentSchema<T> {
  safeParse(
    value: unknown,
  ): { success: true; data: T } | { success: false; error: { issues: readonly Issue[] } };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

type YamlDocument = ReturnType<typeof parseDocument>;

const mostCharacters = 256 * 1024;
/** More would bury the first, which often causes the others. */
const mostProblems = 50;

/**
 * Reads one YAML 1.2 document by a schema. Repeated keys, aliases, tags and more than one document are problems, as is
 * whatever the schema refuses; all of a kind are found in one run, up to fifty.
 */
export function readYamlDocument<T>(
  label: string,
  source: string,
  schema: DocumentSchema<T>,
): YamlOutcome<T> {
  if (source.length > mostCharacters) return { ok: false, problems: [`${label}: larger than 256 KiB`] };
  const lines = new LineCounter();
  const at = (offset: number) => `${label} line ${lines.linePos(offset).line}`;
  const document = parseDocument(source, { ...parseOptions, lineCounter: lines });
  const faults = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    offset: pos[0],
    message: printableText(message),
  }));
  const wrong = faults.length > 0 ? faults : structureFaults(document);
  if (wrong.length > 0) return refused(wrong.map(({ offset, message }) => `${at(offset)}: ${message}`));
  const result = schema.safeParse(document.toJS());
  if (result.success) return { ok: true, value: result.data };
  return refused(
    result.error.issues.slice(0, mostProblems + 1).map(({ path, message }) => {
      const offset = nearestNode(document, path);
      const name = path.length === 0 ? "" : ` ${printableText(path.join("."), 200)}`;
      return `${offset === undefined ? label : at(offset)}:${name} ${printableText(message, 500)}`;
    }),
  );
}

const parseOptions = {
  prettyErrors: false,
  // A key that is a map would be printed to become a name: a kilobyte of braces has cost a minute.
  stringKeys: true,
  // The library compares each key with each other one, which takes ten seconds for twenty thousand.
  uniqueKeys: false,
} as const;

function refused(problems: readonly string[]): { readonly ok: false; readonly problems: readonly string[] } {
  if (problems.length <= mostProblems) return { ok: false, problems };
  return { ok: false, problems: [...problems.slice(0, mostProblems), "and more"] };
}

/** Repeated keys, of which readers differ in which they take; and aliases, by which a few lines stand for millions. */
function structureFaults(document: YamlDocument): readonly { offset: number; message: string }[] {
  const faults: { offset: number; message: string }[] = [];
  const note = (node: unknown, message: string) =>
    faults.push({ offset: isNode(node) ? (node.range?.[0] ?? 0) : 0, message });
  visit(document, {
    Alias: (_, alias) => void note(alias, "aliases (*name) are not followed; write it out"),
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : "";
        if (seen.has(name)) note(key, `the key ${quoted(name)} is there twice`);
        seen.add(name);
      }
    },
  });
  return faults;
}

/** Where the deepest part of a path stands that is there at all. */
function nearestNode(document: YamlDocument, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}
