import { printableText } from "@kasbah/runtime";

/** Names and values in two columns; empty values are left out. */
export function fieldLines(fields: readonly (readonly [string, string])[]): string {
  const shown = fields.filter(([, value]) => value !== "");
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `  ${name.padEnd(width)}  ${printableText(value)}\n`).join("");
}
