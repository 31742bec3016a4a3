const maxLength = 200;

/**
 * Formats a claim as JSON, which escapes control characters, and cuts it to a length that fits a status
 * message.
 */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}
