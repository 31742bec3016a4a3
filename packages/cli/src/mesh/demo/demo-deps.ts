import type { Clock } from "@kasbah/runtime";
import type { DemoPrinter } from "./printer.ts";

/** The collaborators of the demo's steps. */
export interface DemoDeps {
  readonly print: DemoPrinter;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
