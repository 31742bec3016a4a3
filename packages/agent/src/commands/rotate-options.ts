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
    "Asks the agent in the same pod for a new key and certificate now, over its SDS socket, and waits until the agent serves them. Requests of the same time share one renewal, and the agent asks the CA at most every five seconds.",
  examples: [
    "kasbah-agent rotate",
    "kubectl exec POD -c AGENT -- kasbah-agent rotate --timeout 2m",
    "kasbah-agent rotate --json | jq -r .serial",
  ],
  exitCodes: {
    0: "the agent serves the new certificate",
    1: "it could not renew; the message contains the reason",
    2: "the command line or a setting is invalid",
  },
};

export const rotateNowOptions = { own: ownOptions, all: { ...daemonOptions, ...ownOptions } };
