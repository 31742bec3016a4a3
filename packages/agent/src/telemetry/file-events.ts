import { errnoOf, type Logger, type WatchDirectory } from "@kasbah/runtime";
import type { FileObserver } from "../gateway-files/file-secret.ts";
import type { SkippedRootsObserver } from "../secret/skipped-roots.ts";
import type { AgentMetrics } from "./metrics.ts";

/** Reports the files of resource names to the log and the metrics. */
export function observeFiles(
  metrics: AgentMetrics,
  skippedRoots: SkippedRootsObserver,
  logger: Logger,
): FileObserver {
  return {
    onSkippedRoots: (name, skipped) => skippedRoots.onSkippedRoots(name, skipped),
    onServed(name, { serial, notBefore, notAfter }) {
      logger.info("files published", { resource: name, serial, notBefore, notAfter });
    },
    onFailure(name, error) {
      metrics.fileFailures.inc();
      logger.warn("cannot serve the files of a resource name; keeping the previous content", {
        resource: name,
        error,
      });
    },
  };
}

/** Wraps `watch` to count each directory that cannot be watched, and to log the first failure of each. */
export function countWatchFailures(
  watch: WatchDirectory,
  metrics: AgentMetrics,
  logger: Logger,
): WatchDirectory {
  const logged = new Set<string>();
  return (directory, hint) => {
    try {
      const watcher = watch(directory, hint);
      logged.delete(directory);
      return watcher;
    } catch (error) {
      metrics.fileWatchFailures.inc();
      const reason = errnoOf(error) ?? "unknown";
      if (!logged.has(directory))
        logger.warn("cannot watch a directory; polling it instead", { directory, reason });
      logged.add(directory);
      throw error;
    }
  };
}
