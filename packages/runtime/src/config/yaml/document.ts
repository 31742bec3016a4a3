import { isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { printableText, quoted } from "../../log/printable-text.ts";

/** The contents of a YAML document, or all problems, each with its line. */
export type YamlOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The schema of a document; a zod schema is one. */
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
/** More problems would hide the first, which often causes the others. */
const mostProblems = 50;

/**
 * Reads one YAML 1.2 document by a schema. Repeated keys, aliases, tags, further documents and violations of
 * the schema are problems; one run reports all problems of a kind, up to fifty.
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
  // A key that is a map would be printed as a name: a kilobyte of braces takes a minute.
  stringKeys: true,
  // The library compares every key with every other, which takes ten seconds for twenty thousand.
  uniqueKeys: false,
} as const;

function refused(problems: readonly string[]): { readonly ok: false; readonly problems: readonly string[] } {
  if (problems.length <= mostProblems) return { ok: false, problems };
  return { ok: false, problems: [...problems.slice(0, mostProblems), "and more"] };
}

/**
 * Finds repeated keys, which parsers resolve differently, and aliases, with which a few lines expand to
 * millions.
 */
function structureFaults(document: YamlDocument): readonly { offset: number; message: string }[] {
  const faults: { offset: number; message: string }[] = [];
  const note = (node: unknown, message: string) =>
    faults.push({ offset: isNode(node) ? (node.range?.[0] ?? 0) : 0, message });
  visit(document, {
    Alias: (_, alias) => void note(alias, "aliases (*name) are not supported: repeat the value"),
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : "";
        if (seen.has(name)) note(key, `duplicate key ${quoted(name)}`);
        seen.add(name);
      }
    },
  });
  return faults;
}

/** The position of the deepest part of a path that exists. */
function nearestNode(document: YamlDocument, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}
