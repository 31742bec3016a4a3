import { explainedCodes } from "./codes.ts";

const page = "docs/reference/errors.md";

/** The explanations of all codes as `kasbah why` prints them: without Markdown, with the pages that they link to. */
export function plainCodes() {
  return explainedCodes().map(({ code, section, cause, reaction, fix, retry, status, exit, level }) => {
    const texts = { cause, reaction, fix };
    return {
      ...{ code, page, section, status, exit, level, retry },
      ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, plain(text)])),
      see: linksIn(texts),
    };
  });
}

/** Without the marks of Markdown; a link keeps its text. */
function plain(text: string | undefined): string | undefined {
  return text?.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}

function linksIn(texts: Readonly<Record<string, string | undefined>>): readonly string[] {
  const all = Object.values(texts).join(" ");
  return [...new Set([...all.matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => `docs/${target}`))];
}
