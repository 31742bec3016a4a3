/** One measured figure; `value` in `unit`, `ratio` against the physical limit where that means something. */
export interface Figure {
  readonly topic: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly ratio?: number;
}

/** An aligned table for each topic. */
export function renderFigures(figures: readonly Figure[]): string {
  const topics = [...new Set(figures.map(({ topic }) => topic))];
  return topics
    .map((topic) => `${topic}\n${rows(figures.filter((each) => each.topic === topic))}`)
    .join("\n");
}

function rows(figures: readonly Figure[]): string {
  return figures
    .map(({ name, value, unit, ratio }) => {
      const against = ratio === undefined ? "" : `${ratio.toFixed(1)} × openssl`;
      return `  ${name.padEnd(46)} ${format(value).padStart(10)} ${unit.padEnd(8)} ${against}`.trimEnd();
    })
    .map((line) => `${line}\n`)
    .join("");
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
