import { type Command, type OptionTable, option, schema } from "@kasbah/runtime";
import { command as daemon } from "../config/command.ts";
import { options as daemonOptions } from "../config/options.ts";

const { sdsSocket, sdsSocketFile } = daemonOptions;

/** Options of `kasbah-agent rotate`. */
const ownOptions = {
  timeout: option({
    flag: "--timeout <duration>",
    env: "KASBAH_ROTATE_TIMEOUT",
    help: "maximum time to wait for the new certificate",
    schema: schema.duration,
    default: "60s",
    group: "Command",
  }),
  json: option({
    flag: "--json",
    env: "KASBAH_ROTATE_JSON",
    help: "print the result as JSON",
    schema: schema.boolean,
    default: "false",
    group: "Command",
  }),
  sdsSocket,
  sdsSocketFile,
};

export const rotateNowCommand: Command<OptionTable> = {
  name: "kasbah-agent rotate",
  version: daemon.version,
  summary:
    "Asks the agent in the same pod for a new key and certificate now, over its SDS socket, and waits until the agent serves them. Requests of the same time share one renewal, and the agent asks the CA at most every five seconds. Exits 0 once the new certificate is served, 1 if it could not be renewed (and prints the reason), 2 for invalid arguments.",
  examples: [
    "kasbah-agent rotate",
    "kubectl exec POD -c AGENT -- kasbah-agent rotate --timeout 2m",
    "kasbah-agent rotate --json | jq -r .serial",
  ],
};

export const rotateNowOptions = { own: ownOptions, all: { ...daemonOptions, ...ownOptions } };
