import { dirname, resolve } from "node:path";
import { type Clock, type Logger, watchDirectory } from "@kasbah/runtime";
import type { AgentConfig } from "../config/command.ts";
import { countWatchFailures, observeFiles } from "../telemetry/file-events.ts";
import type { AgentMetrics } from "../telemetry/metrics.ts";
import { AllowedDirectories } from "./allowed-directories.ts";
import { FileNames } from "./lazy-provider.ts";
import { systemBundlePaths } from "./system-bundle.ts";

/** The file names of a configuration. What reads and watches files is loaded with the first that is asked for. */
export function composeFileNames(
  config: AgentConfig,
  mountedCerts: string | undefined,
  metrics: AgentMetrics,
  clock: Clock,
  logger: Logger,
): FileNames {
  const directories = new AllowedDirectories(
    config.fileDirectories,
    privateDirectories(config, mountedCerts),
    systemBundlePaths,
  );
  const load = async () => {
    const { FileProvider } = await import("./provider.ts");
    const observer = observeFiles(metrics, clock, logger);
    const watch = countWatchFailures(watchDirectory, metrics, logger);
    return new FileProvider({ directories, observer, watchDirectory: watch, clock, logger });
  };
  return new FileNames({ directories, load, logger });
}

/**
 * Where the workload's own keys and token are, which answer to their own names alone. `mountedCerts` is the directory that takes
 * the place of a CA; the one in which it would be looked for stays allowed where it is named as such.
 */
export function privateDirectories(
  config: Pick<
    AgentConfig,
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
