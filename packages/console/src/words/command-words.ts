import type { ConsoleSource } from "../api.ts";

/** A command that asks the same CA as the page. */
export function kasbahCommand(source: ConsoleSource, ...words: readonly string[]): string {
  const flags = source.flags.trim();
  return ["kasbah", ...words.map(shellWord), ...(flags === "" ? [] : [flags])].join(" ");
}

/** Quotes what a shell would not take as one plain word: a SPIFFE ID comes from the network. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
