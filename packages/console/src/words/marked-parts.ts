interface MarkedPart {
  readonly kind: "text" | "code" | "command";
  readonly text: string;
}

/** Code stands between backticks, and a command in parentheses at the end of a fix. */
const marked = /`([^`]+)`|(?<=\()((?:kasbah|kubectl) [^()]+)(?=\))/g;

/** Splits a text into what is to be read and what is to be typed. The parts together are the text without its backticks. */
export function markedParts(text: string): readonly MarkedPart[] {
  const parts: MarkedPart[] = [];
  let end = 0;
  for (const match of text.matchAll(marked)) {
    const code = match[1] ?? match[2] ?? "";
    parts.push({ kind: "text", text: text.slice(end, match.index) });
    parts.push({ kind: /^(kasbah|kubectl) /.test(code) ? "command" : "code", text: code });
    end = match.index + match[0].length;
  }
  return [...parts, { kind: "text" as const, text: text.slice(end) }].filter((part) => part.text !== "");
}
