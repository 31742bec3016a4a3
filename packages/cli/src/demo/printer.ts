/** Where the demo's words go. */
export interface Screen {
  write(text: string): void;
  /** Colour is for terminals, and for people who have not set NO_COLOR. */
  readonly colour: boolean;
}

/** The few forms that the demo's output is made of. */
export interface Printer {
  /** A numbered step. */
  step(title: string): void;
  row(label: string, value: string): void;
  /** A command that the reader can paste. */
  command(text: string): void;
  /** What a command printed. */
  output(text: string): void;
  /** A proof that held. */
  good(text: string): void;
  bad(text: string): void;
  line(text?: string): void;
}

const labelWidth = 13;

export function createPrinter({ write, colour }: Screen): Printer {
  const paint = (code: number) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [bold, dim, red, green, cyan] = [paint(1), paint(2), paint(31), paint(32), paint(36)];
  const line = (text = "") => write(`${text}\n`);
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
      for (const part of text.trimEnd().split("\n")) line(`     ${part.trim()}`);
    },
    good: (text) => line(`   ${green("✓")} ${text}`),
    bad: (text) => line(`   ${red("✗")} ${text}`),
    line,
  };
}
