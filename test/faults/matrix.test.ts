import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = "test/faults/README.md";

/** The rows of the page with the tests that each links to; one line may contain several rows: `| 9, 10 |`. */
function readRows(): ReadonlyMap<number, readonly string[]> {
  const lines = readFileSync(join(root, page), "utf8").matchAll(/^\| ([\d, ]+) \|.*$/gm);
  return new Map(
    [...lines].flatMap(([line, rows = ""]) => {
      const links = [...line.matchAll(/\]\(([^)]+)\)/g)].map(([, path = ""]) => join(dirname(page), path));
      return rows.split(",").map((row) => [Number(row), links] as const);
    }),
  );
}

/** The rows in the test titles of a file: `row 26:`, `rows 3 and 24:`, `rows 6 to 8:`. */
function rowsIn(path: string): readonly number[] {
  const titles = readFileSync(join(root, path), "utf8").matchAll(/["`]rows? (\d+)(?: (and|to) (\d+))?\b/g);
  return [...titles].flatMap(([, first, word, last = first]) => {
    const [from, to] = [Number(first), Number(last)];
    return word === "to" ? Array.from({ length: to - from + 1 }, (_, i) => from + i) : [from, to];
  });
}

/** Suites that run real agent processes. */
const ofProcesses = [
  "test/faults/agent/*.test.ts",
  "test/{hostile,e2e}/**/*agent*.test.ts",
  "test/e2e/faults.test.ts",
];

describe("Fault matrix", () => {
  const rows = readRows();
  const files = globSync(ofProcesses, { cwd: root });

  it("links each row to at least one test", () => {
    assert.ok(rows.size > 20);
    assert.ok(rows.has(9) && rows.has(10), "a line with two rows is read");
    for (const [row, tests] of rows) assert.ok(tests.length > 0, `row ${row}`);
  });

  it("links each row to exactly the suites of real processes whose titles name it", () => {
    const titled = files.flatMap((path) => [...new Set(rowsIn(path))].map((row) => `${row} ${path}`));
    const named = [...rows].flatMap(([row, tests]) =>
      tests.filter((path) => files.includes(path)).map((path) => `${row} ${path}`),
    );
    assert.deepEqual(
      titled.filter((one) => !named.includes(one)),
      [],
    );
    assert.deepEqual(
      named.filter((one) => !titled.includes(one)),
      [],
    );
  });
});
