export { formatHostPort, type HostPort, parseHostPort } from "./address.ts";
export { type Clock, systemClock } from "./clock.ts";
export type { CodeHelp } from "./code-help.ts";
export * from "./config/index.ts";
export { addressGroup } from "./connections/address-group.ts";
export { withBindReason } from "./connections/bind-failure.ts";
export type { FailedHandshake } from "./connections/failed-handshake.ts";
export {
  callsWithin,
  connectionsWithin,
  type HostCapacity,
  readHostCapacity,
} from "./connections/host-capacity.ts";
export { NetworkCounts, type NetworkSummary } from "./connections/network-counts.ts";
export { peerGroup } from "./connections/peer-group.ts";
export { firstBytesBuffered, listenTcp, type TcpListener } from "./connections/tcp-listener.ts";
export { type Component, type Daemon, runDaemon } from "./daemon/lifecycle.ts";
export { createLoopWatch, type LoopWatchDeps } from "./daemon/loop-watch.ts";
export type { HostEvent, ProcessHost } from "./daemon/process-host.ts";
export { readProcessors } from "./daemon/processors.ts";
export { type Program, runMain } from "./daemon/run-main.ts";
export { daemonSignals } from "./daemon/signals.ts";
export {
  createProbeServer,
  createStatusServer,
  jsonReply,
  type Readiness,
  type StatusPage,
  type StatusReply,
  type StatusServerDeps,
} from "./daemon/status-server.ts";
export { attemptOf, type ResolveAll, serverNameOf, sniOf, TlsDial } from "./dial/index.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { errnoOf, RuntimeError, type RuntimeErrorCode } from "./errors.ts";
export {
  ContentWatch,
  type ContentWatchDeps,
  type WatchDirectory,
  watchDirectory,
} from "./files/content-watch.ts";
export { ensureDirectory } from "./files/directory.ts";
export {
  type PublishedFile,
  publishDirectory,
  syncDirectory,
  writeFileDurably,
} from "./files/durable-file.ts";
export { type DurableFs, type DurableHandle, nodeFs } from "./files/durable-fs.ts";
export { makeDirectories } from "./files/make-directories.ts";
export { storageFailure } from "./files/storage-failure.ts";
export type { LogFacts } from "./log/facts.ts";
export { createLogger, type LogFormat, type Logger, type LogLevel, type RootLogger } from "./log/log.ts";
export { printableText, quoted } from "./log/printable-text.ts";
export { Secret } from "./log/secret.ts";
export type { LogStream } from "./log/sink.ts";
export { withoutCredentials } from "./log/without-credentials.ts";
export { atMost, type GrowingLimit } from "./memory/at-most.ts";
export { collectGarbageSoon } from "./memory/garbage.ts";
export { MemoryReturn } from "./memory/memory-return.ts";
export { StartGarbage } from "./memory/start-garbage.ts";
export * from "./metrics/index.ts";
export { delay } from "./task/delay.ts";
export { lateSweep } from "./task/late-sweep.ts";
export { Loop } from "./task/loop.ts";
export { OncePerReason } from "./task/once-per-reason.ts";
export { RetryPace } from "./task/retry-pace.ts";
export { createScheduler, type Scheduler, type Sweep } from "./task/scheduler.ts";
export { SerialQueue } from "./task/serial-queue.ts";
export { ServiceRate } from "./task/service-rate.ts";
export { type ExportCounts, registerExportCounts } from "./traces/export-counts.ts";
export { tracingOptions } from "./traces/options.ts";
export type { SpanFacts, SpanSource, SpanStart, TraceContext, TraceSpan } from "./traces/span.ts";
export { formatTraceparent, parseTraceparent, traceparentHeader } from "./traces/traceparent.ts";
