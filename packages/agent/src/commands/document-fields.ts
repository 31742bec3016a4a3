import { printableText } from "@kasbah/runtime";

/** One row of the status: a label and its value. */
export type Row = readonly [string, string];

/** The text or number at a path, escaped for a terminal; "" if missing. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, path);
  if (typeof found === "number") return String(found);
  return typeof found === "string" ? printableText(found, 1_000) : "";
}

/** The list at a path; empty if missing. */
export function itemsAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Object.getOwnPropertyDescriptor(found, name)?.value;
  }
  return found;
}
