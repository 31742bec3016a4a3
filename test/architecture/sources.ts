import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

export interface Source {
  /** Path from the root of the repository. */
  readonly path: string;
  /** The package's folder, `packages/pki`. */
  readonly package: string;
  /** Path from the package's `src`. */
  readonly room: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** Every shipped source file of the workspace, without tests and fixtures. */
export function shippedSources(): readonly Source[] {
  return globSync(["packages/*/src/**/*.{ts,tsx}", "certs-dev/src/**/*.ts"], { cwd: root })
    .filter((path) => !/\.(test|fixture)\.ts$/.test(path))
    .sort()
    .map(readSource);
}

function readSource(path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  const [folder = "", room = ""] = path.split("/src/");
  return { path, package: folder, room, text, imports: importsOf(text) };
}

const importPattern =
  /^\s*(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"|import\(\s*"([^"]+)"\s*\)|^import\s+"([^"]+)"/gm;

function importsOf(text: string): readonly Import[] {
  return [...text.matchAll(importPattern)].map(([, type, from, dynamic, bare]) => ({
    specifier: from ?? dynamic ?? bare ?? "",
    typeOnly: type !== undefined,
  }));
}

/** The path of a relative import from the root of the repository; undefined for a package. */
export function targetOf(source: Source, specifier: string): string | undefined {
  return specifier.startsWith(".") ? normalize(join(dirname(source.path), specifier)) : undefined;
}

/**
 * The first cycle among the files' relative imports, as the list of its files; undefined if there is none.
 */
export function findCycle(
  sources: readonly Source[],
  { types = false }: { readonly types?: boolean } = {},
): readonly string[] | undefined {
  const targetsOf = (source: Source) =>
    source.imports.flatMap(({ specifier, typeOnly }) =>
      typeOnly && !types ? [] : (targetOf(source, specifier) ?? []),
    );
  return findCycleIn(new Map(sources.map((source) => [source.path, targetsOf(source)])));
}

/**
 * The first cycle in a graph, as the list of its nodes with the first one repeated; undefined if there is
 * none.
 */
export function findCycleIn(graph: ReadonlyMap<string, Iterable<string>>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next, [...trail, node]);
      if (cycle) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/** Every file that `entry` makes Node load, including those behind our packages and lazy imports. */
export function loadedFrom(sources: readonly Source[], entry: string): ReadonlySet<string> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    const source = byPath.get(path);
    if (source === undefined || loaded.has(path)) return;
    loaded.add(path);
    for (const { specifier, typeOnly } of source.imports) {
      const target = typeOnly ? undefined : (targetOf(source, specifier) ?? entryOf(specifier));
      if (target !== undefined) visit(target);
    }
  };
  visit(entry);
  return loaded;
}

/** The file behind an import of one of our packages; undefined for other packages. */
function entryOf(specifier: string): string | undefined {
  const [, name, rest = ""] = /^@kasbah\/([^/]+)(\/.*)?$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const { exports }: { exports: Record<string, { "kasbah-source"?: string }> } = JSON.parse(
    readFileSync(join(root, "packages", name, "package.json"), "utf8"),
  );
  const file = exports[`.${rest}`]?.["kasbah-source"];
  return file === undefined ? undefined : join("packages", name, file);
}
