import { renderFigures } from "./figures.ts";
import type { Result } from "./result.ts";
import { summaryOf } from "./summary.ts";
import { renderRows } from "./table.ts";

/** A run for people: a table of each suite, other figures, what is missing, and the summary last. */
export function renderResult({ machine, rows, figures, notes }: Result, ours: string): string {
  const suites = [...new Set(rows.map(({ suite }) => suite))];
  const parts = [
    machine,
    ...suites.map((suite) => `${suite}\n${renderRows(rows.filter((row) => row.suite === suite))}`),
    ...(figures.length === 0 ? [] : [renderFigures(figures)]),
    ...(notes.length === 0 ? [] : [`Not measured\n${notes.map((note) => `  ${note}\n`).join("")}`]),
    summaryOf(rows, figures, ours),
  ];
  return parts
    .filter((part) => part !== "")
    .join("\n\n")
    .replace(/\n{3,}/g, "\n\n");
}
