/** What can rewrite a terminal and that JSON leaves as it is: above ASCII, since below it only our line feeds are left. */
const treacherous = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A document for a person or for `jq`, with a line feed at its end; it shows a terminal nothing but text. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2).replace(treacherous, escapeUnits)}\n`;
}

/** JSON knows UTF-16 units alone. */
function escapeUnits(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
