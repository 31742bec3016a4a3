import { printableText } from "@kasbah/runtime";

const width = 80;

/** Names and texts in two columns of at most 80 characters together; empty texts are left out. */
export function wrapFields(fields: readonly (readonly [string, string])[]): string {
  const shown = fields.filter(([, text]) => text !== "");
  const indent = Math.max(...shown.map(([name]) => name.length)) + 4;
  return shown
    .map(([name, text]) => {
      const lines = wrapText(printableText(text), width - indent);
      return lines
        .map((line, index) => `  ${(index === 0 ? name : "").padEnd(indent - 2)}${line}\n`)
        .join("");
    })
    .join("");
}

/** Breaks a text at its spaces into lines of at most `columns` characters; a longer word has its own line. */
export function wrapText(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
