import type { Screen } from "../../output/screen.ts";

/** The elements of the demo's output. */
export interface DemoPrinter {
  /** A numbered step. */
  step(title: string): void;
  row(label: string, value: string): void;
  /** A command to paste. */
  command(text: string): void;
  /** The output of a command, indented. */
  output(text: string): void;
  /** A check that passed. */
  good(text: string): void;
  bad(text: string): void;
  line(text?: string): void;
  /** Progress of long work. On a terminal, the next output overwrites it; elsewhere it is not printed. */
  progress(text: string): void;
}

const labelWidth = 16;
const eraseLine = "\r\u001b[K";

export function createPrinter({ write, colour, interactive }: Screen): DemoPrinter {
  const paint = (code: number) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [bold, dim, red, green, cyan] = [paint(1), paint(2), paint(31), paint(32), paint(36)];
  let inProgress = false;
  const line = (text = "") => {
    write(`${inProgress ? eraseLine : ""}${text}\n`);
    inProgress = false;
  };
  let steps = 0;
  return {
    step: (title) => {
      steps += 1;
      line();
      line(bold(`${steps}  ${title}`));
    },
    row: (label, value) => line(`   ${dim(label.padEnd(labelWidth))}${value}`),
    command: (text) => line(`   ${cyan(`$ ${text}`)}`),
    output: (text) => {
      for (const part of text.trimEnd().split("\n")) line(`     ${part.trimEnd()}`);
    },
    good: (text) => line(`   ${green("✓")} ${text}`),
    bad: (text) => line(`   ${red("✗")} ${text}`),
    line,
    progress: (text) => {
      if (interactive) write(`${eraseLine}   ${dim(text)}`);
      inProgress = interactive;
    },
  };
}
