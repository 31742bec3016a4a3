import { stripVTControlCharacters } from "node:util";
import { looksLike, shapeOf } from "./shape.ts";

/** The longest line of a program that a page breaks into several. */
const mostBroken = 8;

/**
 * The difference between what a command printed and what the page shows, line by line; undefined if there is none.
 * A line `…` of the page stands for any number of lines.
 */
export function differenceOf(printed: string, shown: readonly string[]): string | undefined {
  const lines = linesOf(printed);
  const wanted = shown.filter((line) => line.trim() !== "");
  const deepest = { line: 0, wanted: 0 };
  if (matches(lines, wanted, deepest)) return undefined;
  return diffOf(lines, wanted, deepest);
}

interface Place {
  line: number;
  wanted: number;
}

function matches(lines: readonly string[], wanted: readonly string[], deepest: Place): boolean {
  const failed = new Set<string>();
  const from = (line: number, at: number): boolean => {
    if (at > deepest.wanted) Object.assign(deepest, { line, wanted: at });
    if (at === wanted.length) return line === lines.length;
    const key = `${line} ${at}`;
    if (failed.has(key)) return false;
    const isMatch = wanted[at]?.trim() === "…" ? skips(line, at) : takes(line, at);
    if (!isMatch) failed.add(key);
    return isMatch;
  };
  const skips = (line: number, at: number): boolean => {
    for (let next = line; next <= lines.length; next += 1) if (from(next, at + 1)) return true;
    return false;
  };
  /** A page breaks a long line; the program does not. */
  const takes = (line: number, at: number): boolean => {
    const seen = lines[line];
    if (seen === undefined) return false;
    for (let count = 1; count <= mostBroken && at + count <= wanted.length; count += 1) {
      const joined = wanted.slice(at, at + count).join(" ");
      if (looksLike(seen, joined) && from(line + 1, at + count)) return true;
    }
    return false;
  };
  return from(0, 0);
}

/** The lines that match, then the first that does not: as the page shows it, and as it was printed. */
function diffOf(lines: readonly string[], wanted: readonly string[], { line, wanted: at }: Place): string {
  const before = wanted.slice(Math.max(0, at - 2), at).map((each) => `    ${each}`);
  const expected = wanted.slice(at, at + 8).map((each) => `  - ${each}`);
  const seen = lines.slice(line, line + 8).map((each) => `  + ${each}`);
  const ends = [
    ...(expected.length === 0 ? ["  - (the page shows no further line)"] : []),
    ...(seen.length === 0 ? ["  + (the command printed no further line)"] : []),
  ];
  return [...before, ...expected, ...seen, ...ends].join("\n");
}

function linesOf(printed: string): readonly string[] {
  return stripVTControlCharacters(printed)
    .split(/\r?\n|\r/)
    .filter((line) => shapeOf(line) !== "");
}
