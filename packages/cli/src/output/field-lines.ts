import { printableText } from "@kasbah/runtime";

/** Names and values in two columns; empty values are left out. */
export function fieldLines(fields: readonly (readonly [string, string])[]): string {
  const told = fields.filter(([, value]) => value !== "");
  const width = Math.max(...told.map(([name]) => name.length));
  return told.map(([name, value]) => `  ${name.padEnd(width)}  ${printableText(value)}\n`).join("");
}
