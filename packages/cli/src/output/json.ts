/** A document for a person or for `jq`, with a line feed at its end. */
export function toJson(value: unknown): string {
  return `${escaped(JSON.stringify(value, undefined, 2))}\n`;
}

/** The same on one line. */
export function toJsonLine(value: unknown): string {
  return `${escaped(JSON.stringify(value))}\n`;
}

/**
 * What JSON leaves as it is and terminals act on: controls beyond ASCII, format and separator characters. They are within
 * strings alone, where an escape means the same.
 */
function escaped(json: string): string {
  return json.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}
