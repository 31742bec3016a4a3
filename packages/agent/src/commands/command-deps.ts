import type { Clock } from "@kasbah/runtime";

/** The process as commands see it; only main.ts accesses the real one. */
export interface AgentCommandDeps {
  /** Arguments after the program and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readFile(path: string): string;
  /** Standard output. */
  write(text: string): void;
  /** Whether standard output is a terminal whose user has not set NO_COLOR. */
  readonly isColoured?: boolean;
  /** Standard error. */
  writeError(text: string): void;
  /**
   * Aborts, with the name of the signal as the reason, on the first SIGINT or SIGTERM from this call on. A process that
   * only obtains a value needs none: it may end anywhere.
   */
  readonly untilSignal?: () => AbortSignal;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
}
