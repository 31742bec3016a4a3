import type { LogStream } from "../log/sink.ts";
import type { DaemonSignal } from "./signals.ts";

/** An event that a daemon handles. */
export type HostEvent = DaemonSignal | "uncaughtException" | "unhandledRejection";

/** The subset of `process` that lifecycle code uses; `process` itself implements it. */
export interface ProcessHost {
  /** Starts with program and script, like `process.argv`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: LogStream;
  readonly stderr: { write(text: string): unknown };
  on(event: HostEvent, listener: (value: unknown) => void): unknown;
  off(event: HostEvent, listener: (value: unknown) => void): unknown;
  exit(code: number): void;
}
