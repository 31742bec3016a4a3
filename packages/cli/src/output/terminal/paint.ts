import type { Look } from "./look.ts";

/** What a color means, in every command: how urgent something is, or how much it matters to a reader. */
export type Tone = "good" | "warning" | "critical" | "quiet" | "strong";

/** Colors of every terminal, which its theme adapts to a light or a dark background. */
const codes: Readonly<Record<Tone, string>> = {
  good: "32",
  warning: "33",
  critical: "1;31",
  quiet: "2",
  strong: "1",
};

export function paint(text: string, tone: Tone | undefined, { colour }: Pick<Look, "colour">): string {
  return colour && tone !== undefined && text !== "" ? `\u001b[${codes[tone]}m${text}\u001b[0m` : text;
}
