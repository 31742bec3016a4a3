import { printableText } from "@kasbah/runtime";
import { wrapWords } from "./wrap.ts";

const width = 80;

/** Names and texts in two columns of at most 80 characters together; empty texts are left out. */
export function wrapFields(fields: readonly (readonly [string, string])[]): string {
  const shown = fields.filter(([, text]) => text !== "");
  const indent = Math.max(...shown.map(([name]) => name.length)) + 4;
  return shown
    .map(([name, text]) => {
      const lines = wrapWords(printableText(text), width - indent);
      return lines
        .map((line, index) => `  ${(index === 0 ? name : "").padEnd(indent - 2)}${line}\n`)
        .join("");
    })
    .join("");
}
