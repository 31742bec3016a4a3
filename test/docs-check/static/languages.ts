import { parseAllDocuments } from "yaml";
import { parsePolicy } from "../../../packages/ca-server/src/admission/policy/file.ts";
import type { Fence, Page } from "../page/page.ts";

/** What a block can be: commands and their output, data that is parsed, or code that another suite runs. */
const languages: Readonly<Record<string, (text: string) => string | undefined>> = {
  sh: () => undefined,
  console: () => undefined,
  output: () => undefined,
  text: textProblem,
  yaml: yamlProblem,
  json: jsonProblem,
  promql: () => undefined,
  // `npm run test:interop` runs these.
  nginx: () => undefined,
  haproxy: () => undefined,
  ini: () => undefined,
  java: () => undefined,
  go: () => undefined,
};

/** The sentences about blocks of a page whose content is not what their language says. */
export function languageProblems({ path, items }: Page): readonly string[] {
  const fences = items.filter((item): item is Fence => item.kind === "fence");
  return fences.flatMap(({ line, language, lines }) => {
    const check = languages[language];
    const problem =
      check === undefined
        ? `unknown language ${language}: expected one of ${Object.keys(languages).join(", ")}`
        : check(lines.join("\n"));
    return problem === undefined ? [] : [`${path}:${line}: ${problem}`];
  });
}

/** The expressions of a page's promql blocks, one per line. */
export const promqlIn = ({ items }: Page): readonly string[] =>
  items.flatMap((item) => (item.kind === "fence" && item.language === "promql" ? item.lines : []));

const command =
  /^(\$ |(sudo )?(kasbah|kasbah-server|kasbah-agent|kubectl|helm|npm|npx|curl|openssl|docker|podman) (?![\d ]))/m;

function textProblem(text: string): string | undefined {
  const [line] = command.exec(text) ?? [];
  return line && `a text block shows the command ${line.trim()}: use sh or console`;
}

function yamlProblem(text: string): string | undefined {
  const documents = parseAllDocuments(text, { version: "1.1" });
  const [error] = documents.flatMap(({ errors }) => errors);
  if (error !== undefined) return `invalid YAML: ${error.message}`;
  if (!/^version: 1$/m.test(text) || !/^(rules|default):/m.test(text)) return undefined;
  return problemOf(() => parsePolicy("the block", text));
}

function jsonProblem(text: string): string | undefined {
  return problemOf(() => JSON.parse(text));
}

function problemOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
