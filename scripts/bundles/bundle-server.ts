import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { root, singleFile } from "./single-file.ts";

/** The CA's single file. */
export const serverBundlePath = join(root, "packages/ca-server/dist/kasbah-server.mjs");

/**
 * Writes the CA as a single file. Its code takes half the memory of the modules, which Node keeps with their
 * comments and some twice, and starts in two thirds of the time.
 */
export async function bundleServer(outfile = serverBundlePath): Promise<Metafile> {
  const { metafile } = await build({
    ...singleFile,
    entryPoints: ["packages/ca-server/src/main.ts"],
    outfile,
  });
  return metafile;
}
