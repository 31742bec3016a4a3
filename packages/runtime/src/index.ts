export { formatHostPort, type HostPort, parseHostPort } from "./address.ts";
export { fullJitterDelayMs } from "./backoff.ts";
export { type Clock, systemClock } from "./clock.ts";
export * from "./config/index.ts";
export {
  ContentWatch,
  type ContentWatchOptions,
  type WatchDirectory,
  watchDirectory,
} from "./content-watch.ts";
export { cronSweep, isCronPattern } from "./cron-sweep.ts";
export { ensureDirectory } from "./directory.ts";
export { type PublishedFile, publishDirectory, syncDirectory, writeFileDurably } from "./durable-file.ts";
export { type DurableFs, type DurableHandle, nodeFs } from "./durable-fs.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { type Component, type Daemon, runDaemon } from "./lifecycle.ts";
export { createLogger, type LogFormat, type Logger, type LogLevel, type RootLogger } from "./log.ts";
export type { LogFacts } from "./log-facts.ts";
export type { LogStream } from "./log-sink.ts";
export { createLoopWatch, type LoopWatchOptions } from "./loop-watch.ts";
export * from "./metrics/index.ts";
export { printableText, quoted } from "./printable-text.ts";
export type { HostEvent, ProcessHost } from "./process-host.ts";
export { type Program, runMain } from "./run-main.ts";
export { errnoOf, RuntimeError, type RuntimeErrorCode } from "./runtime-error.ts";
export { createScheduler, type Scheduler, type Sweep } from "./scheduler.ts";
export { Secret } from "./secret.ts";
export {
  createStatusServer,
  jsonReply,
  type Readiness,
  type StatusPage,
  type StatusReply,
  type StatusServerOptions,
} from "./status-server.ts";
export { withoutCredentials } from "./without-credentials.ts";
