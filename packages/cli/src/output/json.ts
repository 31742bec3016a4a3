/** An indented document that ends with a line feed. */
export function toJson(value: unknown): string {
  return `${escaped(JSON.stringify(value, undefined, 2))}\n`;
}

/** A document on one line. */
export function toJsonLine(value: unknown): string {
  return `${escaped(JSON.stringify(value))}\n`;
}

/**
 * Escapes characters that JSON allows but terminals interpret: non-ASCII controls, format and separator
 * characters. They occur only inside strings, where the escape has the same meaning.
 */
function escaped(json: string): string {
  return json.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}
