import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { root, singleFile } from "./single-file.ts";

/** The agent's program, which imports the files of `chunks` next to it, and the licenses of all of them. */
export const bundlePath = join(root, "packages/agent/dist/kasbah-agent.mjs");
export const licensesPath = join(root, "packages/agent/dist/LICENSES.txt");

function optionsFor(plugins: readonly Plugin[], from = root) {
  return {
    ...singleFile,
    absWorkingDir: from,
    entryPoints: ["packages/agent/src/kasbah-agent.ts"],
    // The imports of a file run before its own code, so each file disables Node's debugger signal, if none before has.
    banner: { js: `process.listenerCount("SIGUSR1")||${singleFile.banner.js}` },
    define: { "Intl.DateTimeFormat": "UtcDateTimeFormat" },
    inject: [join(from, "scripts/bundles/utc-date-time-format.ts")],
    plugins: [...plugins, ...singleFile.plugins],
  } satisfies BuildOptions;
}

/**
 * Writes the agent into a folder: `kasbah-agent.mjs`, and `chunks` with the code that it shares with, and the code of,
 * modules that are loaded with `await import()`. V8 keeps the text of a file that it has read, so code that a pod does
 * not use is in files that it does not read. `plugins` run before the agent's own plugins.
 */
export async function bundleAgent(
  folder = dirname(bundlePath),
  plugins: readonly Plugin[] = [],
): Promise<Metafile> {
  await rm(join(folder, "chunks"), { recursive: true, force: true });
  const { metafile } = await build({
    ...optionsFor(plugins),
    entryPoints: [{ in: "packages/agent/src/kasbah-agent.ts", out: "kasbah-agent" }],
    splitting: true,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    chunkNames: "chunks/[name]-[hash]",
  });
  return metafile;
}

/** The agent of a checkout as a single file, for tests that keep a release. */
export async function bundleAgentWhole(
  from = root,
): Promise<{ readonly code: Uint8Array; readonly metafile: Metafile }> {
  const options = { ...optionsFor([], from), write: false as const, outfile: "whole.mjs" };
  const { metafile, outputFiles } = await build(options);
  const [file] = outputFiles;
  if (file === undefined) throw new Error("esbuild wrote nothing for the agent");
  return { code: file.contents, metafile };
}

/** The paths of all modules with code in the bundle, relative to the root. */
export async function allModules(): Promise<readonly string[]> {
  return modulesIn((await bundleAgentWhole()).metafile, ["whole.mjs"]);
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
