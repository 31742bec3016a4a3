import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** A statement of this many rows takes a fraction of the time of as many statements. */
const rowsAtOnce = 16;

/** Inserts rows of a table, many with one statement. */
export class RowInserter {
  readonly #one: StatementSync;
  readonly #many: StatementSync;

  /** @param insert the statement up to the values, such as `INSERT INTO entries` */
  constructor(database: DatabaseSync, insert: string, columns: number) {
    const row = `(${Array.from({ length: columns }, () => "?").join(", ")})`;
    const rows = Array.from({ length: rowsAtOnce }, () => row).join(", ");
    this.#one = database.prepare(`${insert} VALUES ${row}`);
    this.#many = database.prepare(`${insert} VALUES ${rows}`);
  }

  /** Inserts the rows in order. */
  insert(rows: readonly (readonly SQLInputValue[])[]): void {
    let at = 0;
    for (; at + rowsAtOnce <= rows.length; at += rowsAtOnce) {
      const values: SQLInputValue[] = [];
      for (let row = at; row < at + rowsAtOnce; row += 1) values.push(...(rows[row] ?? []));
      this.#many.run(...values);
    }
    for (; at < rows.length; at += 1) this.#one.run(...(rows[at] ?? []));
  }
}
