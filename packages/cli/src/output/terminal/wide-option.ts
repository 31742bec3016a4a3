import type { Command } from "commander";

/** A command that prints a table. */
export interface WideOption {
  readonly wide?: boolean;
}

/** Adds `--wide`, which keeps a terminal from shortening a table. */
export function withWide(command: Command): Command {
  return command.option("--wide", "shorten nothing, even if lines become longer than the terminal is wide");
}
