/** The ratio of a figure to the best that the machine could do. */
export interface Comparison {
  readonly ratio: number;
  /** The name of the limit: `openssl` or `bare Node`. */
  readonly of: string;
}

/** One measured figure: `value` in `unit`, compared with a limit if there is one. */
export interface Figure {
  readonly topic: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly against?: Comparison;
}

/** Renders an aligned table per topic. */
export function renderFigures(figures: readonly Figure[]): string {
  const nameWidth = Math.max(...figures.map(({ name }) => name.length));
  const topics = [...new Set(figures.map(({ topic }) => topic))];
  return topics
    .map((topic) => {
      const rows = figures.filter((each) => each.topic === topic).map((each) => row(each, nameWidth));
      return `${topic}\n${rows.join("")}`;
    })
    .join("\n");
}

function row({ name, value, unit, against }: Figure, nameWidth: number): string {
  const compared = against === undefined ? "" : `${against.ratio.toFixed(1).padStart(6)} × ${against.of}`;
  return `${`  ${name.padEnd(nameWidth)} ${format(value).padStart(8)} ${unit.padEnd(3)} ${compared}`.trimEnd()}\n`;
}

function format(value: number): string {
  return value.toFixed(value >= 100 ? 0 : 2);
}
