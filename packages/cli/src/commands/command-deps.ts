import type { Clock, LogStream } from "@kasbah/runtime";
import type { Screen } from "../output/screen.ts";

/** The process as the commands see it; only main.ts touches the real one. */
export interface CommandDeps {
  readonly version: string;
  readonly screen: Screen;
  /** Resolves when the screen can take more: a reader that is slow costs time instead of memory. */
  drained(): Promise<void>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly isRoot: boolean;
  readonly pid: number;
  readonly hostname: string;
  /** Name of the local user, for the CA's log. */
  readonly operator: string;
  readonly stderr: LogStream;
  /** What the process exits with when the command succeeds. */
  setExitCode(code: number): void;
  /** The Node that runs us, and that runs the daemons. */
  readonly nodePath: string;
  readonly platform: string;
  readonly arch: string;
  readonly temporaryDirectory: string;
  /** Aborted by Ctrl-C and its like. */
  readonly signal: AbortSignal;
}
