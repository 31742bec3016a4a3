import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../harness/repository.ts";
import { type Page, parsePage } from "./page.ts";

const patterns = ["*.md", "{docs,packages,protos,certs-dev,bench,deploy,test}/**/*.md"];

/** Every page whose commands a reader may run. The changelog quotes what earlier releases printed. */
export function pagePaths(): readonly string[] {
  return globSync(patterns, { cwd: repositoryRoot })
    .filter(
      (path) => !/(^|\/)(node_modules|dist|out|fixtures|\.cache)\//.test(path) && path !== "CHANGELOG.md",
    )
    .toSorted();
}

export const readPage = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");

export const loadPage = (path: string): Page => parsePage(path, readPage(path));
