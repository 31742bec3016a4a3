import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../harness/repository.ts";
import type { Prose } from "./corpus.ts";

/** The words that CONTRIBUTING's table replaces: the code spans of its second column. */
export function wordsToAvoid(): readonly string[] {
  const page = readFileSync(join(repositoryRoot, "CONTRIBUTING.md"), "utf8");
  const [, table = ""] = /^\| write \| not \|\n\|[-|]+\|\n((?:\|.*\n)+)/m.exec(page) ?? [];
  return [...table.matchAll(/^\|[^|]*\|([^|]*)\|$/gm)].flatMap(([, column = ""]) =>
    [...column.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word),
  );
}

export interface WordCount {
  readonly words: number;
  readonly perTenThousand: number;
  /** Each hit with its path, so that a failure names the sentences. */
  readonly hits: readonly string[];
}

export function countWords(corpus: readonly Prose[], avoid: readonly string[]): WordCount {
  const pattern = new RegExp(`\\b(?:${avoid.map((word) => word.replace(/ /g, "\\s+")).join("|")})\\b`, "gi");
  const hits = corpus.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map(({ 0: word, index }) => `${path}: ${around(text, index, word)}`),
  );
  const words = corpus.reduce((sum, { text }) => sum + (text.match(/[A-Za-z][A-Za-z'’-]*/g)?.length ?? 0), 0);
  return { words, hits, perTenThousand: (hits.length * 10_000) / Math.max(1, words) };
}

function around(text: string, index: number, word: string): string {
  return text.slice(Math.max(0, index - 40), index + word.length + 40).replace(/\s+/g, " ");
}
