import { type Option, type OptionTable, option } from "./option.ts";
import { choice } from "./schemas.ts";

/** Options that every command has in addition to its own. */
export const commonOptions = {
  logLevel: option({
    flag: "--log-level <level>",
    env: "KASBAH_LOG_LEVEL",
    help: "least severe events to log: debug, info, warn, error or silent",
    schema: choice(["debug", "info", "warn", "error", "silent"]),
    default: "info",
    group: "Logging",
  }),
  logFormat: option({
    flag: "--log-format <format>",
    env: "KASBAH_LOG_FORMAT",
    help: "json, pretty, or auto: pretty on a terminal",
    schema: choice(["auto", "json", "pretty"]),
    default: "auto",
    group: "Logging",
  }),
};

/** The exit codes of a daemon. */
export const daemonExitCodes = {
  0: "stopped by a signal",
  1: "failed to start, or stopped by an internal error; the last error in the log has a code",
  2: "the command line or a setting is invalid; standard error lists all problems",
};

type Values<O extends OptionTable> = {
  readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never;
};

/** The frozen configuration of a table of options, the common ones included. */
export type ConfigOf<O extends OptionTable> = Values<O> & Values<typeof commonOptions>;

/** The description of a command for `--help`, and the rules between its settings. */
export interface Command<O extends OptionTable> {
  readonly name: string;
  readonly version: string;
  /** One or two sentences. */
  readonly summary: string;
  /** Lines that can be copied into a shell. */
  readonly examples: readonly string[];
  /** Each exit code with its meaning. */
  readonly exitCodes?: Readonly<Record<number, string>>;
  /** Returns problems between settings, one sentence each. Called only if each setting is valid. */
  check?(config: ConfigOf<O>): readonly string[];
}
