import { readFileSync } from "node:fs";
import type { Fence, Page } from "../page/page.ts";

/** How many untested blocks each page may have. The numbers only shrink. */
export type UntestedCounts = Readonly<Record<string, number>>;

export const untestedFile = "test/docs-check/untested.json";

export function allowedUntested(): UntestedCounts {
  return JSON.parse(readFileSync(new URL("../untested.json", import.meta.url), "utf8"));
}

export const untestedIn = ({ items }: Page): readonly Fence[] =>
  items.filter((item): item is Fence => item.kind === "fence" && item.untested !== undefined);

/** The sentences about pages that have more untested blocks than they may, or fewer. */
export function untestedProblems(pages: readonly Page[], allowed: UntestedCounts): readonly string[] {
  const counts = new Map(pages.map((page) => [page.path, untestedIn(page).length]));
  const paths = new Set([...counts.keys(), ...Object.keys(allowed)]);
  return [...paths].flatMap((path) => problemOf(path, counts.get(path) ?? 0, allowed[path] ?? 0));
}

function problemOf(path: string, count: number, most: number): readonly string[] {
  if (count === most) return [];
  if (count < most)
    return [`${path} has ${count} untested blocks, fewer than ${most}: lower its number in ${untestedFile}`];
  return [
    `${path} has ${count} untested blocks, but ${untestedFile} allows ${most}: write the new one so that a test runs it (CONTRIBUTING.md, "A command in a page")`,
  ];
}
