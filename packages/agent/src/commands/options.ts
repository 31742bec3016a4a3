import { type Command, type ConfigOf, type OptionTable, option, schema } from "@kasbah/runtime";
import { loadConfig } from "@kasbah/runtime/yaml";
import { command as daemon } from "../config/command.ts";
import { options as daemonOptions } from "../config/options.ts";
import type { CommandDeps } from "./command-deps.ts";

const { statusAddress, sdsSocket, sdsSocketFile } = daemonOptions;

/** Options of `kasbah-agent wait`. */
const ownWaitOptions = {
  timeout: option({
    flag: "--timeout <duration>",
    env: "KASBAH_WAIT_TIMEOUT",
    help: "how long to wait",
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
  summary:
    "Blocks until the agent that runs beside it serves its first secret. Exits 0 then, 1 when the time is over, with the agent's own reasons, 2 for a wrong call.",
  examples: ["kasbah-agent wait --timeout 2m"],
};

/** Options of `kasbah-agent status`. */
const ownStatusOptions = {
  json: option({
    flag: "--json",
    env: "KASBAH_STATUS_JSON",
    help: "the whole document, for programs",
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
    "Tells what the agent that runs beside it serves, for how long yet, and what went wrong last. Exits 0 while a valid secret is served, 1 while not, 2 for a wrong call.",
  examples: ["kasbah-agent status", "kasbah-agent status --json | jq .certificate.notAfter"],
};

/** What a command was told, or a text that it is to print instead. */
export type LoadedCommand<O extends OptionTable> =
  | { readonly config: ConfigOf<O> }
  | { readonly text: string };

/** The options that a command shows, and all that it takes. */
export interface CommandTable<O extends OptionTable> {
  readonly own: OptionTable;
  readonly all: O;
}

/**
 * Every flag, variable and file of the daemon is taken beside a command's own, so that whatever starts the agent can be said
 * to the command as it is.
 */
export const waitOptions = { own: ownWaitOptions, all: { ...daemonOptions, ...ownWaitOptions } };
export const statusOptions = { own: ownStatusOptions, all: { ...daemonOptions, ...ownStatusOptions } };

/** Reads a command's options from where the daemon has its own. @throws ConfigInvalidError */
export function loadCommand<const O extends OptionTable>(
  command: Command<OptionTable>,
  { own, all }: CommandTable<O>,
  { argv: [, ...argv], env, readFile }: CommandDeps,
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
