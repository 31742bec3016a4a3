import { basename, join } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { root, singleFile } from "./single-file.ts";

/** The CA's single file. */
export const serverBundlePath = join(root, "packages/ca-server/dist/kasbah-server.mjs");
/** The file of its worker processes, which `workers/create-workers.ts` expects beside it. */
export const workerBundlePath = join(root, "packages/ca-server/dist/kasbah-worker.mjs");

/** The file with the OpenTelemetry SDK, which only a CA with an OTLP endpoint reads. */
export const tracesBundlePath = join(root, "packages/ca-server/dist/kasbah-traces.mjs");

/**
 * Writes the CA as a single file. Its code takes half the memory of the modules, which Node keeps with their
 * comments and some twice, and starts in two thirds of the time.
 */
export function bundleServer(outfile = serverBundlePath): Promise<Metafile> {
  return bundle("packages/ca-server/src/main.ts", outfile, [tracesBeside]);
}

/** Writes the program of a worker process, which contains only what serves the port. */
export function bundleWorker(outfile = workerBundlePath): Promise<Metafile> {
  return bundle("packages/ca-server/src/workers/main.ts", outfile);
}

/** Writes the module behind `@kasbah/runtime/otlp`, which the CA imports from the file beside its own. */
export function bundleTraces(outfile = tracesBundlePath): Promise<Metafile> {
  return bundle("packages/runtime/src/traces/otlp/otlp-tracing.ts", outfile);
}

/** V8 keeps the text of a file that it has read, even of modules that it never runs. */
const tracesBeside: Plugin = {
  name: "traces beside the program",
  setup({ onResolve }) {
    const path = `./${basename(tracesBundlePath)}`;
    onResolve({ filter: /^@kasbah\/runtime\/otlp$/ }, () => ({ path, external: true }));
  },
};

async function bundle(entry: string, outfile: string, plugins: readonly Plugin[] = []): Promise<Metafile> {
  const { metafile } = await build({
    ...singleFile,
    plugins: [...plugins, ...singleFile.plugins],
    entryPoints: [entry],
    outfile,
  });
  return metafile;
}
