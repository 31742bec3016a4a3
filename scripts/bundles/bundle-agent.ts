import { join } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { root, singleFile } from "./single-file.ts";

/** The agent's single file, and the licenses next to it. */
export const bundlePath = join(root, "packages/agent/dist/kasbah-agent.mjs");
export const licensesPath = join(root, "packages/agent/dist/LICENSES.txt");

function optionsFor(plugins: readonly Plugin[]) {
  return {
    ...singleFile,
    entryPoints: ["packages/agent/src/kasbah-agent.ts"],
    define: { "Intl.DateTimeFormat": "UtcDateTimeFormat" },
    inject: [join(root, "scripts/bundles/utc-date-time-format.ts")],
    plugins: [...plugins, ...singleFile.plugins],
  } satisfies BuildOptions;
}

/**
 * Writes the agent as a single file. It includes modules loaded with `await import()`, which are evaluated
 * when awaited. `plugins` run before the agent's own plugins.
 */
export async function bundleAgent(outfile = bundlePath, plugins: readonly Plugin[] = []): Promise<Metafile> {
  const { metafile } = await build({ ...optionsFor(plugins), outfile });
  return metafile;
}

/** The paths of all modules with code in the bundle, relative to the root. */
export async function allModules(): Promise<readonly string[]> {
  const { metafile } = await build({ ...optionsFor([]), write: false, outfile: "whole.mjs" });
  return modulesIn(metafile, ["whole.mjs"]);
}

/**
 * The paths of the modules that run when the daemon starts, relative to the root: those with code that a
 * split build reaches from its main without `await import()`.
 */
export async function eagerModules(): Promise<readonly string[]> {
  const { metafile } = await build({
    ...optionsFor([]),
    entryPoints: ["packages/agent/src/main.ts"],
    splitting: true,
    write: false,
    outdir: "pieces",
  });
  return modulesReached(metafile, "pieces/main.js");
}

function modulesReached({ outputs }: Metafile, entry: string): readonly string[] {
  const reached = new Set([entry]);
  for (const path of reached) {
    const statically = outputs[path]?.imports.filter(({ kind }) => kind === "import-statement") ?? [];
    for (const imported of statically) reached.add(imported.path);
  }
  return modulesIn({ outputs }, reached);
}

function modulesIn({ outputs }: Pick<Metafile, "outputs">, paths: Iterable<string>): readonly string[] {
  const inputs = [...paths].flatMap((path) => Object.entries(outputs[path]?.inputs ?? {}));
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
}
