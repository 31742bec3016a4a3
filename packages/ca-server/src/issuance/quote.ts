import { printableText } from "@kasbah/runtime";

const maxLength = 200;

/**
 * Formats a claim as JSON without the characters that mislead readers and terminals, and cuts it to a length that
 * fits a status message, which stock clients log as it is.
 */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > maxLength ? `${printableText(text.slice(0, maxLength))}…` : printableText(text);
}
