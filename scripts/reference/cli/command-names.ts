import { marked } from "../markdown.ts";

/** Marks a help text in which also the names of commands become code, with the flag that follows them. */
export function markedWith(names: readonly string[]): (text: string) => string {
  const longestFirst = names.toSorted((one, other) => other.length - one.length).join("|");
  const command = new RegExp(`(?<![\\w/-])(?:${longestFirst})(?![\\w-])(?: --[a-z-]+)?`, "g");
  return (text) => marked(text.replace(command, "`$&`"));
}
