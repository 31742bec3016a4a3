/** A command and the number of lines that it takes. */
export interface ShellCommand {
  readonly text: string;
  readonly length: number;
}

/** The command that begins with the first of these lines; it takes more than one if the shell would ask for more. */
export function readCommand(lines: readonly string[]): ShellCommand {
  for (let length = 1; length <= lines.length; length += 1) {
    const text = lines.slice(0, length).join("\n");
    if (isComplete(text)) return { text, length };
  }
  throw new RangeError(`the command does not end: ${lines[0]}`);
}

/** Whether a shell would run this, rather than wait for another line. */
export function isComplete(text: string): boolean {
  const heredoc = /<<-?\s*(['"]?)(\w+)\1/.exec(text);
  if (heredoc !== null) return new RegExp(`\\n\\s*${heredoc[2]}$`).test(text);
  const bare = withoutQuotes(text);
  if (bare === undefined || /(\\|\||&&)$/.test(bare.trimEnd())) return false;
  const count = (pattern: RegExp) => bare.match(pattern)?.length ?? 0;
  return (
    count(/\(/g) <= count(/\)/g) &&
    count(/(^|[\s;])\{(?=\s)/g) <= count(/\}/g) &&
    count(/\bdo\b/g) <= count(/\bdone\b/g) &&
    count(/(^|[;\n]\s*)if\b/g) <= count(/\bfi\b/g)
  );
}

/** The text without quoted strings and comments; undefined if a quote is open. */
function withoutQuotes(text: string): string | undefined {
  const bare = text
    .replace(/\\[\s\S]/g, (escaped) => (escaped === "\\\n" ? " " : "x"))
    .replace(/'[^']*'|"[^"]*"|(?<=\s|^)#.*/g, "x");
  return /['"]/.test(bare) ? undefined : bare;
}
