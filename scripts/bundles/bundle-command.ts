import { build, type Metafile } from "esbuild";
import { singleFile } from "./single-file.ts";

/**
 * Writes the operator's command into a folder: `kasbah.mjs`, and `command-*.mjs` with the code of modules that are
 * loaded with `await import()`. All files lie in one folder, because `shipped-files.ts` finds the package from its own.
 */
export async function bundleCommand(folder: string): Promise<Metafile> {
  const { metafile } = await build({
    ...singleFile,
    entryPoints: [{ in: "packages/cli/src/main.ts", out: "kasbah" }],
    splitting: true,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    chunkNames: "command-[name]-[hash]",
    // The imports of a file run before its own code, so each file disables Node's debugger signal, if none before has.
    banner: { js: `process.listenerCount("SIGUSR1")||${singleFile.banner.js}` },
  });
  return metafile;
}
