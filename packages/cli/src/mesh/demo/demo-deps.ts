import type { Clock } from "@kasbah/runtime";
import type { Printer } from "./printer.ts";

/** What the demo's steps need of the world. */
export interface DemoWorld {
  readonly print: Printer;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
