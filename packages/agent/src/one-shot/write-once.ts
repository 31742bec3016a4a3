import { stat } from "node:fs/promises";
import { ensureDirectory } from "@kasbah/runtime";
import type { AgentConfig } from "../config/options.ts";
import { refuseInputDirectory } from "../output-certs/create-output-certs.ts";
import { FileSet } from "../output-certs/file-set.ts";
import { createRender } from "../output-certs/shapes/create-render.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";

/** Writes the files of a secret into a directory, and returns their names. */
export type WriteOnce = (secret: WorkloadSecret) => Promise<readonly string[]>;

/** Checks everything about the files that can be wrong before a certificate is requested. @throws ConfigInvalidError */
export async function prepareFiles(directory: string, config: AgentConfig): Promise<WriteOnce> {
  await refuseInputDirectory(directory, config);
  const render = await createRender(config);
  const isThere = await stat(directory).catch(() => undefined);
  const mode = (config.outputCertsMode & 0o077) === 0 ? 0o700 : 0o755;
  if (!isThere?.isDirectory()) await ensureDirectory(directory, mode);
  return async (secret) => {
    const set = new FileSet(directory);
    const files = render(secret);
    await set.publish(files);
    // A program that has just opened the directory may still read the version before.
    await set.prune(1);
    return files.map(({ name }) => name);
  };
}
