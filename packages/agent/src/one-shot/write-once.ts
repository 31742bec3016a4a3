import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { pid } from "node:process";
import { ensureDirectory, type Logger } from "@kasbah/runtime";
import type { AgentConfig } from "../config/options.ts";
import { refuseInputDirectory } from "../output-certs/create-output-certs.ts";
import { FileSet } from "../output-certs/file-set.ts";
import { DirectoryOwner } from "../output-certs/owner/directory-owner.ts";
import { createRender } from "../output-certs/shapes/create-render.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";

/** A directory that this process may write to until it releases it. */
export interface OwnedFiles {
  /** Writes the files of a secret, and returns their names. */
  write(secret: WorkloadSecret): Promise<readonly string[]>;
  release(): Promise<void>;
}

/**
 * Checks everything about the files that can be wrong before a certificate is requested.
 * @throws ConfigInvalidError, or AgentError `OUTPUT_DIRECTORY_IN_USE` if an agent writes to the directory
 */
export async function ownFiles(directory: string, config: AgentConfig, logger: Logger): Promise<OwnedFiles> {
  await refuseInputDirectory(directory, config);
  const render = await createRender(config);
  const isThere = await stat(directory).catch(() => undefined);
  const mode = (config.outputCertsMode & 0o077) === 0 ? 0o700 : 0o755;
  if (!isThere?.isDirectory()) await ensureDirectory(directory, mode);
  const describe = () => `kasbah-agent fetch, process ${pid} on ${hostname()}`;
  const owner = new DirectoryOwner({ directory, describe, logger });
  await owner.hold();
  return {
    async write(secret) {
      const set = new FileSet(directory);
      const files = render(secret);
      try {
        await set.publish(files);
      } catch (error) {
        // Unlike a running agent, nothing here tries again and links the new key.
        await set.prune(0).catch(() => undefined);
        throw error;
      }
      // A program that has just opened the directory may still read the version before.
      await set.prune(1);
      return files.map(({ name }) => name);
    },
    release: () => owner.release(),
  };
}
