/** The lines of a table. Cells are Markdown; a `|` in them is escaped. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `|${cells.map(cell).join("|")}|\n`;
  return `${line(header)}|${"---|".repeat(header.length)}\n${rows.map(line).join("")}`;
}

/** Text as code; "" stays empty. */
export function code(text: string): string {
  if (text === "") return "";
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** The links of a text that was written for a page in docs/, as a page in docs/reference/ needs them. */
export function fromSubfolder(text: string): string {
  return text.replace(/\]\((?!https?:|#)([^)]*)\)/g, "](../$1)").replaceAll("](../reference/", "](");
}

/** Help texts are plain; what looks like a flag, a variable or a path in them becomes code. */
export function marked(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, at) => (at % 2 === 1 ? part : withCode(part)))
    .join("");
}

/** Flags, variables, metrics, paths and files. */
const codeLike = new RegExp(
  [
    /spiffe:\/\/(?:<[^>]+>|[\w./-])+/,
    /--[a-z][a-z0-9-]*/,
    /-[a-z](?![\w-])/,
    /\$[A-Z_]+(?:\/[\w.-]+)*/,
    /[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?:_<\w+>)?(?:=[^\s,;)]+)?/,
    /(?:kasbah|istio|citadel)_[a-z_]+/,
    /\.kasbah(?:\/[\w.-]+)*/,
    /~?(?:\.{0,2}\/[\w.-]+)+\/?/,
    /[\w-]+\.(?:pem|sock|yaml|p12|crt|key)\b/,
  ]
    .map(({ source }) => `(?<![\\w/\`$-])${source}`)
    .join("|"),
  "g",
);

function withCode(text: string): string {
  let [marked, end] = ["", 0];
  for (const { 0: found, index } of text.matchAll(codeLike)) {
    const word = found.replace(/\.$/, "");
    marked += `${escaped(text.slice(end, index))}\`${word}\``;
    end = index + word.length;
  }
  return marked + escaped(text.slice(end));
}

/** GitHub takes a `<` for the start of an element. */
function escaped(text: string): string {
  return text.replaceAll("<", "&lt;");
}

function cell(text: string): string {
  return text === "" ? " " : ` ${text.replaceAll("|", "\\|").replaceAll("\n", " ")} `;
}
