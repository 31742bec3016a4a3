import type { Clock } from "@kasbah/runtime";

/** The process as the commands see it; only main.ts touches the real one. */
export interface CommandDeps {
  /** The arguments after the program and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readFile(path: string): string;
  /** Standard output. */
  write(text: string): void;
  /** Standard error. */
  complain(text: string): void;
  readonly clock: Clock;
}
