import { type Spread, widthOf } from "../statistics/spread.ts";
import type { Row } from "./row.ts";

const head = [
  "",
  "CA",
  "certs/s",
  "CPU ms",
  "± %",
  "× openssl",
  "p50 ms",
  "p99 ms",
  "p999 ms",
  "client ms",
  "peak MiB",
];

/** An aligned table of rows of one suite, and a line for each row with failed calls. */
export function renderRows(rows: readonly Row[]): string {
  const cells = [head, ...rows.map(cellsOf)];
  const widths = head.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join("  "),
  );
  const failed = rows.filter(({ failures }) => Object.keys(failures).length > 0).map(failureLine);
  return [...lines.map((line) => line.trimEnd()), ...failed, ""].join("\n");
}

function cellsOf(row: Row, index: number, rows: readonly Row[]): readonly string[] {
  const isRepeated = rows[index - 1]?.name === row.name;
  return [
    isRepeated ? "" : row.name,
    row.ca,
    text(row.perSecond, 0),
    text(row.cpuMs, 2),
    Number.isNaN(row.cpuMs.median) ? "" : `${Math.round((100 * widthOf(row.cpuMs)) / 2)}`,
    text(row.timesOpenssl, 1),
    text(row.p50Ms, 1),
    text(row.p99Ms, 1),
    text(row.p999Ms, 1),
    text(row.clientCpuMs, 2),
    Number.isNaN(row.peakMib) ? "" : String(Math.round(row.peakMib)),
  ];
}

function text({ median }: Spread, digits: number): string {
  return Number.isNaN(median) ? "" : median.toFixed(digits);
}

function pad(cell: string, width: number, column: number): string {
  return column < 2 ? cell.padEnd(width) : cell.padStart(width);
}

function failureLine({ name, ca, failures }: Row): string {
  const reasons = Object.entries(failures).map(([reason, count]) => `${count} × ${reason}`);
  return `! ${name}, ${ca}: calls failed: ${reasons.join(", ")}`;
}
