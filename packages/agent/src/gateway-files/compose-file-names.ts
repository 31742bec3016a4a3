import { dirname } from "node:path";
import { type Clock, type Logger, watchDirectory } from "@kasbah/runtime";
import type { AgentConfig } from "../config.ts";
import { countWatchFailures, observeFiles } from "../status/file-events.ts";
import type { AgentMetrics } from "../status/metrics.ts";
import { AllowedDirectories } from "./allowed-directories.ts";
import { FileNames } from "./file-names.ts";
import { systemBundlePaths } from "./system-bundle.ts";

/** The file names of a configuration. What reads and watches files is loaded with the first that is asked for. */
export function composeFileNames(
  config: AgentConfig,
  metrics: AgentMetrics,
  clock: Clock,
  logger: Logger,
): FileNames {
  const { fileDirectory, tokenFile, cacheDir, outputCerts } = config;
  // The workload's own key answers to its own names alone.
  const ours = [dirname(tokenFile), cacheDir, outputCerts].filter((directory) => directory !== undefined);
  const directories = new AllowedDirectories(fileDirectory, ours, systemBundlePaths);
  const load = async () => {
    const { FileProvider } = await import("./file-provider.ts");
    const observer = observeFiles(metrics, clock, logger);
    const watch = countWatchFailures(watchDirectory, metrics, logger);
    return new FileProvider({ directories, observer, watchDirectory: watch, clock, logger });
  };
  return new FileNames({ directories, load, logger });
}
