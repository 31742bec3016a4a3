import type { Source } from "./sources.ts";

const declaration = /^export (?:async )?(?:abstract )?(?:interface|type|class|function\*?|const) (\w+)/gm;

/** The names that more than one file declares and exports, with those files. */
export function repeatedNames(sources: readonly Source[]): readonly string[] {
  const declared = sources.flatMap(({ path, text }) =>
    [...text.matchAll(declaration)].map(([, name = ""]) => ({ name, path })),
  );
  return [...Map.groupBy(declared, ({ name }) => name)]
    .map(([name, places]) => ({ name, paths: new Set(places.map(({ path }) => path)) }))
    .filter(({ paths }) => paths.size > 1)
    .map(({ name, paths }) => `${name}: ${[...paths].join(", ")}`);
}
