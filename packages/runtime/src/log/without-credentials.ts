/** Longer texts are cut here, before anything is looked for in them. */
const maxTextLength = 65_536;

/**
 * A text in which no PEM and no JWT is left, in whole or in part: the last net under the rule that none is ever logged or
 * published. Cut a text only after this, since half a token is not known for one. A match begins only where a word does,
 * so that hostile text costs linear time.
 */
export function withoutCredentials(text: string): string {
  if (text.includes("-----BEGIN ")) return "[redacted PEM]";
  return text.slice(0, maxTextLength).replace(/(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]+)+/g, "[redacted token]");
}
