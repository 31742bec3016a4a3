import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../harness/repository.ts";

/** One piece of prose: a paragraph of a page, a comment, a message or a test title. */
export interface Prose {
  readonly path: string;
  readonly text: string;
}

/** The pages, without their code; and CONTRIBUTING without its table of words. */
export function pages(): readonly Prose[] {
  return read(["*.md", "{docs,packages,protos,certs-dev,bench,deploy,test}/**/*.md"]).map(
    ({ path, text }) => ({
      path,
      text: withoutCode(path === "CONTRIBUTING.md" ? withoutTables(text) : text),
    }),
  );
}

/** Comments, messages and test titles of all sources. */
export function sourceProse(): readonly Prose[] {
  const files = read([
    "{packages,certs-dev,bench,deploy,scripts,test}/**/*.{ts,js,cjs}",
    "deploy/**/*.{yaml,tpl,txt}",
  ]);
  return files.flatMap(({ path, text }) => proseIn(text).map((piece) => ({ path, text: piece })));
}

const comment = /\/\*[\s\S]*?\*\/|(?<=^|[\s;,{(])\/\/ .*$|^\s*# .*$/gm;
const literal = /"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;

export function proseIn(source: string): readonly string[] {
  const comments = source.match(comment) ?? [];
  const literals = source.replace(comment, "").match(literal) ?? [];
  // A literal without a space is an identifier, not a sentence.
  return [...comments, ...literals.filter((text) => text.includes(" "))];
}

function read(patterns: readonly string[]): readonly Prose[] {
  return globSync([...patterns], { cwd: repositoryRoot })
    .filter((path) => !/(^|\/)(node_modules|dist|generated|fixtures|\.cache)\//.test(path))
    .map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), "utf8") }));
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
}

function withoutTables(markdown: string): string {
  return markdown.replace(/^\|.*$/gm, "");
}
