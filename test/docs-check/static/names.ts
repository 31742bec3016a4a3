import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../harness/repository.ts";

/** The names of a kind that the sources define, and how to find them in a page. */
export interface NameKind {
  readonly title: string;
  readonly known: ReadonlySet<string>;
  namesIn(page: string): readonly string[];
}

/** A name that a page mentions although no program knows it, with the page and the line. */
export function unknownNames(path: string, page: string, kinds: readonly NameKind[]): readonly string[] {
  return page.split("\n").flatMap((line, index) =>
    kinds.flatMap(({ title, known, namesIn }) =>
      namesIn(line)
        .filter((name) => !known.has(name))
        .map((name) => `${path}:${index + 1}: ${title} ${name} does not exist`),
    ),
  );
}

export function nameKinds(): readonly NameKind[] {
  const sources = read("{packages,certs-dev}/**/*.{ts,js}");
  const tools = read("{bench,scripts,test,deploy}/**/*.{ts,js,cjs,yaml,go,py}");
  const flags = [...matches(sources, flagDefinition), ...matches(tools, flagInText), ...flagsOfOthers];
  return [
    { title: "the flag", known: new Set(flags), namesIn: flagsIn },
    { title: "the metric", known: metricsOf(sources), namesIn: metricsIn },
    {
      title: "the variable",
      known: new Set(matches(sources + tools, /\b(KASBAH_[A-Z0-9_]+)\b/g)),
      namesIn: (line) => matches(line, /(?<![A-Z_…])(KASBAH_[A-Z0-9_]*[A-Z0-9])(?![A-Z_*<])/g),
    },
  ];
}

/** Everything but this suite, which contains names that do not exist. */
function read(pattern: string): string {
  return globSync(pattern, { cwd: repositoryRoot })
    .filter((path) => !/(^|\/)(node_modules|dist|generated|\.cache|docs-check)\//.test(path))
    .map((path) => readFileSync(join(repositoryRoot, path), "utf8"))
    .join("\n");
}

/** Flags of other programs that pages name on their own: of Node, podman, curl, Envoy, istiod and the API server. */
const flagsOfOthers = [
  ...["--jitless", "--trace-gc", "--cpu-prof", "--build-arg", "--init", "--cacert", "--service-node"],
  ...["--tlsCertFile", "--tlsKeyFile", "--caCertFile", "--service-account-issuer"],
];

const matches = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([, name = ""]) => name);

/** A flag stands at the start of the literal that defines it, perhaps after its short form. */
const flagDefinition = /["'`](?:-\w, )?(--[a-z][a-z0-9-]*)/g;
const flagInText = /(?<![\w-])(--[a-z][a-zA-Z0-9-]*)/g;

/** Flags of our programs: those in code that begins with a flag, or with one of our commands. */
function flagsIn(line: string): readonly string[] {
  const spans = matches(line, /(?<!`)`([^`]+)`(?!`)/g);
  return spans
    .filter((span) => /^(--[a-z]|kasbah(-server|-agent)? |certs-dev )/.test(span))
    .flatMap((span) => matches(withoutOthers(span), flagInText));
}

/** What follows `--` or a pipe is another program's. */
const withoutOthers = (span: string) => span.split(/ -- |\|/)[0] ?? "";

const metricName = /(?<![\w/.-])((?:kasbah|istio_agent|citadel)_[a-z0-9_]*[a-z0-9])(?![\w*…/(-]|\.\w)/g;

const metricsIn = (line: string): readonly string[] => matches(line, metricName);

function metricsOf(sources: string): ReadonlySet<string> {
  const names = matches(sources, /["'`]((?:kasbah|istio_agent|citadel)_[a-z0-9_]+)/g);
  // A histogram has three series, and OpenMetrics ends a counter with _total.
  return new Set(
    names.flatMap((name) => ["", "_bucket", "_sum", "_count", "_total"].map((end) => `${name}${end}`)),
  );
}
