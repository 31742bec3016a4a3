import type { Ground } from "./agent-deps.ts";
import type { FileParts } from "./composition/file-parts.ts";
import type { Supply } from "./secret/supply.ts";

/** The secret in files, for other programs and for the next start; loaded only when it is asked for. */
export async function composeKeptFiles(ground: Ground, { cache }: Supply): Promise<FileParts> {
  const { config, environment } = ground;
  const { outputCerts, cacheDir } = config;
  const parts: FileParts[] = [];
  if (outputCerts !== undefined) {
    const { composeOutput } = await import("./output-certs/create-output-certs.ts");
    parts.push(await composeOutput(outputCerts, config, environment, ground));
  }
  if (cacheDir !== undefined && cache !== undefined) {
    const { composeCache } = await import("./secret-cache/create-secret-cache.ts");
    parts.push(await composeCache(cacheDir, config, cache, ground));
  }
  return {
    components: parts.flatMap(({ components }) => components),
    warnings: () => parts.flatMap(({ warnings }) => warnings()),
  };
}
