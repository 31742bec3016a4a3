/** The rows of a long list that are drawn: from `first` up to, but without, `end`. */
export interface RowWindow {
  readonly first: number;
  readonly end: number;
}

/** Drawn above and below, so that a fast scroll does not show a gap. */
const spare = 12;

/** The rows that can be seen in a list of rows of equal height. */
export function windowAt(scrollTop: number, viewHeight: number, rowHeight: number, count: number): RowWindow {
  const top = Math.floor(Math.max(scrollTop, 0) / rowHeight) - spare;
  const rows = Math.ceil(viewHeight / rowHeight) + 2 * spare;
  const first = Math.max(0, Math.min(top, count - rows));
  return { first, end: Math.min(count, first + rows) };
}

/** The position to scroll to so that a row is completely visible; the same one if it is already. */
export function scrollTo(row: number, scrollTop: number, viewHeight: number, rowHeight: number): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + rowHeight - viewHeight);
}

/** The row to which a key moves; undefined if the key does not move. */
export function rowAfterKey(key: string, row: number, count: number, pageRows: number): number | undefined {
  const target = {
    ArrowDown: row + 1,
    ArrowUp: row - 1,
    PageDown: row + pageRows,
    PageUp: row - pageRows,
    Home: 0,
    End: count - 1,
  }[key];
  return target === undefined || count === 0 ? undefined : Math.min(Math.max(target, 0), count - 1);
}
