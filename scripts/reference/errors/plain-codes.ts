import { explainedCodes } from "./codes.ts";
import { doctorCodes } from "./doctor-codes.ts";

const page = "docs/reference/errors.md";

/** The explanations of all codes as `kasbah why` prints them: without Markdown, with the pages that they link to. */
export function plainCodes() {
  const codes = explainedCodes().map(
    ({ code, section, cause, reaction, fix, retry, status, exit, level }) => {
      const facts = { code, page, section, status, exit, level, retry };
      return { ...facts, ...plainTexts({ cause, reaction, fix }) };
    },
  );
  const known = new Set<string>(codes.map(({ code }) => code));
  const own = doctorCodes().filter(({ code }) => !known.has(code));
  const findings = own.map(({ code, cause, fix }) => {
    return {
      code,
      page: "docs/doctor.md",
      section: "A finding of the doctor",
      ...plainTexts({ cause, fix }),
    };
  });
  return [...codes, ...findings];
}

function plainTexts(texts: Readonly<Record<string, string | undefined>>) {
  const named = Object.entries(texts).map(([name, text]) => [name, plain(text)]);
  return { ...Object.fromEntries(named), see: linksIn(texts) };
}

/** Without the marks of Markdown; a link keeps its text. */
function plain(text: string | undefined): string | undefined {
  return text?.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}

function linksIn(texts: Readonly<Record<string, string | undefined>>): readonly string[] {
  const all = Object.values(texts).join(" ");
  return [...new Set([...all.matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => `docs/${target}`))];
}
