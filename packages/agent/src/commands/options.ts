import { type Command, type ConfigOf, type OptionTable, option, schema } from "@kasbah/runtime";
import { loadConfig } from "@kasbah/runtime/yaml";
import { command as daemon } from "../config/command.ts";
import { options as daemonOptions } from "../config/options.ts";
import type { AgentCommandDeps } from "./command-deps.ts";

const { statusAddress, sdsSocket, sdsSocketFile } = daemonOptions;

/** Options of `kasbah-agent wait`. */
const ownWaitOptions = {
  timeout: option({
    flag: "--timeout <duration>",
    env: "KASBAH_WAIT_TIMEOUT",
    help: "maximum time to wait",
    schema: schema.duration,
    default: "60s",
    group: "Command",
  }),
  statusAddress,
  sdsSocket,
  sdsSocketFile,
};

export const waitCommand: Command<OptionTable> = {
  name: "kasbah-agent wait",
  version: daemon.version,
  summary: "Waits until the agent in the same pod serves its first secret.",
  examples: ["kasbah-agent wait --timeout 2m"],
  exitCodes: {
    0: "the agent serves the secret",
    1: "timeout; the message contains the agent's reasons",
    2: "the command line or a setting is invalid",
  },
};

/** Options of `kasbah-agent status`. */
const ownStatusOptions = {
  json: option({
    flag: "--json",
    env: "KASBAH_STATUS_JSON",
    help: "print the whole document as JSON",
    schema: schema.boolean,
    default: "false",
    group: "Command",
  }),
  statusAddress,
};

export const statusCommand: Command<OptionTable> = {
  name: "kasbah-agent status",
  version: daemon.version,
  summary:
    "Shows the certificate that the agent in the same pod serves, its remaining lifetime and the last failure.",
  examples: ["kasbah-agent status", "kasbah-agent status --json | jq .certificate.notAfter"],
  exitCodes: {
    0: "the agent serves a valid secret",
    1: "it does not, or does not answer",
    2: "the command line or a setting is invalid",
  },
};

/** The loaded configuration, or a text to print instead. */
export type LoadedCommand<O extends OptionTable> =
  | { readonly config: ConfigOf<O> }
  | { readonly text: string };

/** The options that a command's help shows, and all options it accepts. */
export interface CommandTable<O extends OptionTable> {
  readonly own: OptionTable;
  readonly all: O;
}

/**
 * A command also accepts the daemon's flags, variables and files, so that the arguments of the agent can be
 * passed to it unchanged.
 */
export const waitOptions = { own: ownWaitOptions, all: { ...daemonOptions, ...ownWaitOptions } };
export const statusOptions = { own: ownStatusOptions, all: { ...daemonOptions, ...ownStatusOptions } };

/** Loads a command's options from the same sources as the daemon's. @throws ConfigInvalidError */
export function loadCommand<const O extends OptionTable>(
  command: Command<OptionTable>,
  { own, all }: CommandTable<O>,
  { argv: [, ...argv], env, readFile }: AgentCommandDeps,
): LoadedCommand<O> {
  const wantsHelp = argv.some((each) => each === "--help" || each === "-h");
  if (wantsHelp) return { text: helpText(command, own) };
  const loaded = loadConfig<O>(command, all, { argv, env, readFile });
  return loaded.kind === "run" ? { config: loaded.config } : { text: loaded.text };
}

function helpText(command: Command<OptionTable>, own: OptionTable): string {
  const loaded = loadConfig(command, own, { argv: ["--help"], env: {}, readFile: () => "" });
  return loaded.kind === "print" ? loaded.text : "";
}
