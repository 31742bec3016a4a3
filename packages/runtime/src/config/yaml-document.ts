import { isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { printableText } from "../printable-text.ts";

/** What a YAML document says, or all that is wrong with it, each with its line. */
export type YamlOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

const mostCharacters = 256 * 1024;

/**
 * Reads one YAML 1.2 document by a schema. Repeated keys, aliases, tags and more than one document are problems, as is
 * whatever the schema refuses; all of them are found in one run.
 */
export function readYamlDocument<T>(label: string, source: string, schema: z.ZodType<T>): YamlOutcome<T> {
  if (source.length > mostCharacters) return { ok: false, problems: [`${label}: larger than 256 KiB`] };
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number) => `${label} line ${lines.linePos(offset).line}`;
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return {
      ok: false,
      problems: faults.map(({ pos, message }) => `${at(pos[0])}: ${printableText(message)}`),
    };
  }
  const result = schema.safeParse(plainValueOf(document));
  if (result.success) return { ok: true, value: result.data };
  const problems = result.error.issues.map(({ path, message }) => {
    const node = nearestNode(document, path);
    const where = node === undefined ? label : at(node);
    const name = path.length === 0 ? "" : ` ${printableText(path.join("."), 200)}`;
    return `${where}:${name} ${printableText(message, 500)}`;
  });
  return { ok: false, problems };
}

/** An alias would let a few lines stand for millions. */
function plainValueOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    return undefined;
  }
}

/** Where the deepest part of a path stands that is there at all. */
function nearestNode(
  document: ReturnType<typeof parseDocument>,
  path: readonly PropertyKey[],
): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}
