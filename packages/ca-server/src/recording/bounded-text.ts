const ellipsisBytes = Buffer.byteLength("…");

/** Printable ASCII without the two characters that JSON escapes. */
const plain = /^[ !#-[\]-~]*$/;

/** The number of bytes of a character in JSON, which escapes a control character with six. */
function costOf(character: string): number {
  return Buffer.byteLength(JSON.stringify(character)) - 2;
}

/**
 * Cuts a text that a caller may have influenced, so that it takes at most `maxBytes` in an entry of the ledger.
 */
export function boundedText(text: string, maxBytes: number): string {
  // Names are plain text, in which each character takes one byte.
  if (text.length <= maxBytes && plain.test(text)) return text;
  let [bytes, length, keptLength] = [0, 0, 0];
  for (const character of text) {
    bytes += costOf(character);
    length += character.length;
    if (bytes > maxBytes) return `${text.slice(0, keptLength)}…`;
    if (bytes <= maxBytes - ellipsisBytes) keptLength = length;
  }
  return text;
}
