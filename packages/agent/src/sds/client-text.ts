/** Texts of a client that are kept for as long as its stream lasts. */
const maxLength = 512;

/** The beginning of a client's text, for keeping. A slice would keep the megabyte that it was cut from in memory, so this is a copy. */
export function clientText(text: string): string {
  if (text.length <= maxLength) return text;
  return Buffer.from(text.slice(0, maxLength), "utf16le").toString("utf16le");
}
