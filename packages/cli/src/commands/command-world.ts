import type { Clock } from "@kasbah/runtime";
import type { Screen } from "../demo/printer.ts";

/** The process as the commands see it; only main.ts touches the real one. */
export interface CommandWorld {
  readonly version: string;
  readonly screen: Screen;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** The Node that runs us, and that runs the daemons. */
  readonly nodePath: string;
  readonly platform: string;
  readonly arch: string;
  readonly temporaryDirectory: string;
  /** Aborted by Ctrl-C and its like. */
  readonly signal: AbortSignal;
}
