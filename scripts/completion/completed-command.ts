/** A command with its words, as the shells complete it. */
export interface CompletedCommand {
  /** As a user types it, such as `kasbah authority list`. */
  readonly path: string;
  /** The commands below it. */
  readonly commands: readonly CompletedWord[];
  readonly flags: readonly CompletedFlag[];
  /** The kinds of its arguments in order; the last one repeats if the command takes any number. */
  readonly values: readonly ValueKind[];
}

/** A word that a shell offers. */
export interface CompletedWord {
  readonly word: string;
  readonly help: string;
}

/** A flag, by each of its names. */
export interface CompletedFlag extends CompletedWord {
  /** What follows the flag; undefined for a switch. */
  readonly value: ValueKind | undefined;
}

/**
 * What a shell offers as a value: a path, one of some words, or what it finds on this machine. Nothing is offered
 * for `text`. No kind runs a command that contacts a cluster or a CA.
 */
export type ValueKind =
  | "text"
  | "file"
  | "directory"
  | "program"
  | "code"
  | "authority"
  | "workload"
  | "context"
  | `words:${string}`;
