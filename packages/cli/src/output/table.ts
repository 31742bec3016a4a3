import { printableText } from "@kasbah/runtime";
import { type Look, plainLook } from "./terminal/look.ts";
import { paint, type Tone } from "./terminal/paint.ts";
import { shortenMiddle } from "./terminal/shorten.ts";

/** A cell that looks different on a terminal. */
export interface Cell {
  readonly text: string;
  /** What a narrow terminal shows in its place. */
  readonly short?: string;
  readonly tone?: Tone | undefined;
}

type Row = readonly (string | Cell)[];

export interface TableLook extends Look {
  /** Columns of which the cells may lose their middle. */
  readonly elastic?: readonly number[];
  /** Columns that a narrow terminal does not show, the least important first. `--wide` shows them. */
  readonly optional?: readonly number[];
}

const gap = "  ";
/** Less would not tell names apart. */
const leastWidth = 12;
/** An elastic column is not narrowed below this width while an optional one can be hidden. */
const readableWidth = 24;

/**
 * Rows in columns as wide as their widest cell; a cell cannot break its line. If the terminal is narrower, cells take
 * their short form, optional columns are hidden, and then the cells of elastic columns lose their middle.
 */
export function table(rows: readonly Row[], look: TableLook = plainLook): string {
  const full = rows.map((row) => row.map((cell) => shownOf(cell, false)));
  const { columns = Number.POSITIVE_INFINITY } = look;
  if (totalOf(widthsOf(full)) <= columns) return drawn(full, widthsOf(full), look);
  const short = rows.map((row) => row.map((cell) => shownOf(cell, true)));
  const hidden = hiddenColumns(widthsOf(short), columns, look);
  const isKept = (_: unknown, column: number) => !hidden.has(column);
  const kept = short.map((row) => row.filter(isKept));
  const elastic = widthsOf(short)
    .map((_, column) => look.elastic?.includes(column) === true)
    .filter(isKept);
  const names = (short[0] ?? []).filter((_, column) => hidden.has(column)).map(({ text }) => text);
  const note =
    names.length === 0 ? "" : `${paint(`--wide shows ${names.join(" and ")}, too`, "quiet", look)}\n`;
  return `${drawn(kept, narrowed(widthsOf(kept), columns, elastic), look)}${note}`;
}

interface Shown {
  readonly text: string;
  readonly tone: Tone | undefined;
}

function shownOf(cell: string | Cell, isShort: boolean): Shown {
  if (typeof cell === "string") return { text: printableText(cell), tone: undefined };
  return { text: printableText(isShort ? (cell.short ?? cell.text) : cell.text), tone: cell.tone };
}

/** The first row is the header. */
function drawn(rows: readonly (readonly Shown[])[], widths: readonly number[], look: Look): string {
  const cellText = ({ text, tone }: Shown, width: number) => {
    const shown = shortenMiddle(text, width);
    return `${paint(shown, tone, look)}${" ".repeat(width - shown.length)}`;
  };
  const line = (row: readonly Shown[]) =>
    row
      .map((cell, column) => cellText(cell, widths[column] ?? 0))
      .join(gap)
      .trimEnd();
  return rows.map((row, at) => `${paint(line(row), at === 0 ? "quiet" : undefined, look)}\n`).join("");
}

function widthsOf(rows: readonly (readonly Shown[])[]): readonly number[] {
  return (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.text.length ?? 0), 0),
  );
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + gap.length * Math.max(widths.length - 1, 0);
}

/** The optional columns without which the others are readable. */
function hiddenColumns(
  widths: readonly number[],
  columns: number,
  { elastic = [], optional = [] }: TableLook,
): ReadonlySet<number> {
  const hidden = new Set<number>();
  const readable = widths.map((width, at) => (elastic.includes(at) ? Math.min(width, readableWidth) : width));
  for (const column of optional) {
    if (totalOf(readable.filter((_, at) => !hidden.has(at))) <= columns) break;
    hidden.add(column);
  }
  return hidden;
}

/** Takes from the widest elastic column until the line fits, or until none can give more. */
function narrowed(
  natural: readonly number[],
  columns: number,
  elastic: readonly boolean[],
): readonly number[] {
  const widths = [...natural];
  for (let excess = totalOf(widths) - columns; excess > 0; excess--) {
    const most = Math.max(...widths.filter((_, column) => elastic[column]));
    if (most <= leastWidth) break;
    const widest = widths.findIndex((width, column) => elastic[column] && width === most);
    widths[widest] = most - 1;
  }
  return widths;
}
