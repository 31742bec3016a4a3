import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { root, singleFile } from "./single-file.ts";

/** The CA's single file. */
export const serverBundlePath = join(root, "packages/ca-server/dist/kasbah-server.mjs");
/** The file of its worker processes, which `workers/create-workers.ts` expects beside it. */
export const workerBundlePath = join(root, "packages/ca-server/dist/kasbah-worker.mjs");

/**
 * Writes the CA as a single file. Its code takes half the memory of the modules, which Node keeps with their
 * comments and some twice, and starts in two thirds of the time.
 */
export function bundleServer(outfile = serverBundlePath): Promise<Metafile> {
  return bundle("packages/ca-server/src/main.ts", outfile);
}

/** Writes the program of a worker process, which contains only what serves the port. */
export function bundleWorker(outfile = workerBundlePath): Promise<Metafile> {
  return bundle("packages/ca-server/src/workers/main.ts", outfile);
}

async function bundle(entry: string, outfile: string): Promise<Metafile> {
  const { metafile } = await build({
    ...singleFile,
    entryPoints: [entry],
    outfile,
  });
  return metafile;
}
