import { printableText } from "@kasbah/runtime";
import { type Look, plainLook } from "./terminal/look.ts";
import { paint, type Tone } from "./terminal/paint.ts";
import { wrapWords } from "./wrap.ts";

export type Field = readonly [name: string, value: string, tone?: Tone | undefined];

/** Names and values in two columns; empty values are left out. On a terminal, long values wrap in their column. */
export function fieldLines(fields: readonly Field[], look: Look = plainLook): string {
  const shown = fields.filter(([, value]) => value !== "");
  const width = Math.max(...shown.map(([name]) => name.length));
  const left = look.columns === undefined ? undefined : Math.max(look.columns - width - 4, 20);
  return shown
    .map(([name, value, tone]) => {
      const text = printableText(value);
      const lines = left === undefined ? [text] : wrapWords(text, left);
      return lines
        .map(
          (line, at) =>
            `  ${paint((at === 0 ? name : "").padEnd(width), "quiet", look)}  ${paint(line, tone, look)}\n`,
        )
        .join("");
    })
    .join("");
}
