import type { LogStream } from "../log/sink.ts";

/** What a daemon hears from its process. */
export type HostEvent = "SIGTERM" | "SIGINT" | "SIGUSR1" | "uncaughtException" | "unhandledRejection";

/** The small part of `process` that lifecycle code needs; `process` itself is one. */
export interface ProcessHost {
  /** Program and script first, as in `process.argv`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: LogStream;
  readonly stderr: { write(text: string): unknown };
  on(event: HostEvent, listener: (value: unknown) => void): unknown;
  off(event: HostEvent, listener: (value: unknown) => void): unknown;
  exit(code: number): void;
}
