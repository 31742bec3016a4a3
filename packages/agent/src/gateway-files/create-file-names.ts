import { dirname, resolve } from "node:path";
import type { WatchDirectory } from "@kasbah/runtime";
import type { AgentDeps } from "../agent-deps.ts";
import { AllowedDirectories } from "./allowed-directories.ts";
import type { FileObserver } from "./file-secret.ts";
import { LazyFileProvider } from "./lazy-provider.ts";
import { systemBundlePaths } from "./system-bundle.ts";

export interface FileNamesDeps extends Pick<AgentDeps, "config" | "clock" | "logger"> {
  /** The directory of the mounted files that replace a CA. */
  readonly mountedCerts: string | undefined;
  readonly observer: FileObserver;
  readonly watchDirectory: WatchDirectory;
}

/**
 * Creates the provider of file names. The code that reads and watches files is loaded when a client requests
 * the first one.
 */
export function createFileNames(deps: FileNamesDeps): LazyFileProvider {
  const { config, mountedCerts, observer, watchDirectory, clock, logger } = deps;
  const exceptions = privateDirectories(config, mountedCerts);
  const directories = new AllowedDirectories(config.fileDirectories, exceptions, systemBundlePaths);
  const load = async () => {
    const { startFileProvider } = await import("./start-file-provider.ts");
    return startFileProvider({ directories, observer, watchDirectory, clock, logger });
  };
  return new LazyFileProvider({ directories, load, logger });
}

/**
 * The directories of the workload's own keys and token, which are never served under file names.
 * `--mounted-certs-dir` is one of them, unless `--file-directory` names it and it does not replace the CA.
 */
export function privateDirectories(
  config: Pick<
    AgentDeps["config"],
    "fileDirectories" | "tokenFile" | "cacheDir" | "outputCerts" | "provCert" | "mountedCertsDir"
  >,
  mountedCerts: string | undefined,
): readonly string[] {
  const { fileDirectories, tokenFile, cacheDir, outputCerts, provCert, mountedCertsDir } = config;
  const isNamed = fileDirectories.some((directory) => resolve(directory) === resolve(mountedCertsDir));
  const unused = isNamed ? undefined : mountedCertsDir;
  const all = [dirname(tokenFile), cacheDir, outputCerts, provCert, mountedCerts, unused];
  return all.filter((directory) => directory !== undefined);
}
