/**
 * Control, format (bidirectional overrides, zero-width) and separator characters: they forge log lines,
 * recolour terminals, or show a reviewer another text than the program compared.
 */
const treacherous = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Most texts are plain ASCII, which needs no second look. */
const harmless = /^[ -~]*$/;

/** Escapes each character that could mislead a reader or a terminal as `\uXXXX`, and cuts the text after `maxLength` characters. */
export function printableText(text: string, maxLength = 4096): string {
  if (text.length <= maxLength && harmless.test(text)) return text;
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length} characters)` : text;
  return cut.replace(treacherous, escapeCharacter);
}

/** The text in double quotes, short and printable, for a message to a person. */
export function quoted(text: string): string {
  return `"${printableText(text, 80)}"`;
}

function escapeCharacter(character: string): string {
  if (character === "\n") return "\\n";
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
