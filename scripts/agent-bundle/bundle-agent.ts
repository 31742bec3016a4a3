import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { builtinModules } from "./builtin-modules.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url));
/** Where the agent's one file is, and what grants the right to it, beside each other. */
export const bundlePath = join(root, "packages/agent/dist/kasbah-agent.mjs");
export const licensesPath = join(root, "packages/agent/dist/LICENSES.txt");

function optionsFor(plugins: readonly Plugin[]) {
  return {
    absWorkingDir: root,
    entryPoints: ["packages/agent/src/kasbah-agent.ts"],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    conditions: ["kasbah-source"],
    metafile: true,
    // Names stay as they are, and lines short: a stack can be read without a map.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: "none",
    define: { "Intl.DateTimeFormat": "UtcDateTimeFormat" },
    inject: [join(root, "scripts/agent-bundle/utc-date-time-format.ts")],
    plugins: [...plugins, builtinModules],
    // Without a listener of ours, SIGUSR1 makes Node open its debugger: a port from which every key can be read.
    banner: { js: 'process.on("SIGUSR1",()=>{});' },
    logLevel: "warning",
  } satisfies BuildOptions;
}

/**
 * Writes the agent as one file. What is imported by `await import()` is in it as well, and evaluated when that is awaited.
 * `plugins` come before those that the agent is always built with.
 */
export async function bundleAgent(outfile = bundlePath, plugins: readonly Plugin[] = []): Promise<Metafile> {
  const { metafile } = await build({ ...optionsFor(plugins), outfile });
  return metafile;
}

/** Every module that has any code in the one file, by its path from the root. */
export async function allModules(): Promise<readonly string[]> {
  const { metafile } = await build({ ...optionsFor([]), write: false, outfile: "whole.mjs" });
  return modulesIn(metafile, ["whole.mjs"]);
}

/**
 * The modules that run when the daemon starts, by their paths from the root: those that a build in pieces reaches from
 * its main without `await import()`, and that have any code left in them.
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
