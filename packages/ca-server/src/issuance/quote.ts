const maxLength = 200;
/** Format characters (bidirectional overrides), separators, and the controls that JSON allows. */
const treacherous = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Formats a claim as JSON without the characters that mislead readers and terminals, and cuts it to a length that
 * fits a status message, which stock clients log as it is.
 */
export function quote(value: unknown): string {
  const text = (JSON.stringify(value) ?? "nothing").replace(treacherous, escapeCharacter);
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

function escapeCharacter(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}
