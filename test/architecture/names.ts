import type { Source } from "./sources.ts";

const declaration = /^export (?:async )?(?:abstract )?(?:interface|type|class|function\*?|const) (\w+)/gm;

/** The names that more than one file declares and exports, with those files; the testkit's names are the tests' own. */
export function repeatedNames(sources: readonly Source[]): readonly string[] {
  const shipped = sources.filter((source) => source.package !== "packages/testkit");
  const declared = shipped.flatMap(({ path, text }) =>
    [...text.matchAll(declaration)].map(([, name = ""]) => ({ name, path })),
  );
  return [...Map.groupBy(declared, ({ name }) => name)]
    .map(([name, places]) => ({ name, paths: new Set(places.map(({ path }) => path)) }))
    .filter(({ paths }) => paths.size > 1)
    .map(({ name, paths }) => `${name}: ${[...paths].join(", ")}`);
}
