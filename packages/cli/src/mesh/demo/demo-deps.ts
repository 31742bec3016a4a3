import type { Clock } from "@kasbah/runtime";
import type { DemoPrinter } from "./printer.ts";

/** What the demo's steps need of the world. */
export interface DemoDeps {
  readonly print: DemoPrinter;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
