import { type Clock, errnoOf, type Logger, type WatchDirectory } from "@kasbah/runtime";
import type { FileObserver } from "../gateway-files/file-secret.ts";
import type { AgentMetrics } from "./metrics.ts";

/** Writes what becomes of file names to log and metrics. */
export function observeFiles(metrics: AgentMetrics, clock: Clock, logger: Logger): FileObserver {
  return {
    onServed(name, { notBefore, notAfter, droppedBlocks = 0 }) {
      const facts = { resource: name, notBefore, notAfter };
      logger.info("files published", facts);
      const now = clock.now();
      if (notAfter !== undefined && now >= notAfter) {
        logger.warn("the certificate in the files has ended; it is served as it stands", facts);
      }
      if (notBefore !== undefined && now < notBefore) {
        logger.warn("the certificate in the files is not yet valid; it is served as it stands", facts);
      }
      if (droppedBlocks > 0) {
        logger.warn("blocks that are no readable certificates were left out", {
          resource: name,
          droppedBlocks,
        });
      }
    },
    onFailure(name, error) {
      metrics.fileFailures.inc();
      logger.warn("the files of a name cannot be served; what was served stays", { resource: name, error });
    },
  };
}

/** The same notices, with each directory that cannot be watched counted, and the first told. */
export function countWatchFailures(
  watch: WatchDirectory,
  metrics: AgentMetrics,
  logger: Logger,
): WatchDirectory {
  const told = new Set<string>();
  return (directory, hint) => {
    try {
      const watcher = watch(directory, hint);
      told.delete(directory);
      return watcher;
    } catch (error) {
      metrics.fileWatchFailures.inc();
      const reason = errnoOf(error) ?? "unknown";
      if (!told.has(directory))
        logger.warn("a directory cannot be watched, so it is polled", { directory, reason });
      told.add(directory);
      throw error;
    }
  };
}
