import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../../harness/repository.ts";
import { readPage } from "../page/find-pages.ts";

/** A link of a page to another page, or to one of its own headings if the path is empty. */
interface Link {
  readonly path: string;
  readonly anchor: string;
}

/** The sentences about links of a page to files or headings that do not exist. */
export function linkProblems(page: string, markdown: string): readonly string[] {
  return markdown.split("\n").flatMap((line, index) =>
    linksIn(line)
      .filter((link) => !exists(page, markdown, link))
      .map(
        ({ path, anchor }) => `${page}:${index + 1}: the link ${path}${anchor && `#${anchor}`} leads nowhere`,
      ),
  );
}

export function linksIn(markdown: string): readonly Link[] {
  return [...markdown.matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g)].map(([, path = "", anchor = ""]) => ({
    path,
    anchor,
  }));
}

function exists(page: string, markdown: string, { path, anchor }: Link): boolean {
  if (path === "") return anchorsOf(markdown).includes(anchor);
  const target = join(dirname(page), path);
  if (!existsSync(join(repositoryRoot, target))) return false;
  // The fragment of a link to source code is a line number, not a heading.
  return anchor === "" || !target.endsWith(".md") || anchorsOf(readPage(target)).includes(anchor);
}

/**
 * The anchors that GitHub generates for a page's headings: lower-case words, with a number for a repeated
 * heading.
 */
export function anchorsOf(markdown: string): readonly string[] {
  const seen = new Map<string, number>();
  return [...withoutCode(markdown).matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm)].map(([, heading = ""]) => {
    const slug = slugOf(heading);
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

function slugOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^(`{3,}|~{3,})[\s\S]*?^\1$/gm, "");
}
