import { type Command, type OptionTable, option, schema } from "@kasbah/runtime";
import { command as daemon } from "../config/command.ts";
import { options as daemonOptions } from "../config/options.ts";

/** Some options of the agent. */
const pick = <const Names extends readonly (keyof typeof daemonOptions)[]>(...names: Names) =>
  Object.fromEntries(names.map((name) => [name, daemonOptions[name]]));

/** Options of `kasbah-agent fetch` besides the agent's. */
const ownOptions = {
  timeout: option({
    flag: "--timeout <duration>",
    env: "KASBAH_FETCH_TIMEOUT",
    help: "maximum time to try",
    schema: schema.duration,
    default: "60s",
    group: "Command",
  }),
  json: option({
    flag: "--json",
    env: "KASBAH_FETCH_JSON",
    help: "print the result as JSON",
    schema: schema.boolean,
    default: "false",
    group: "Command",
  }),
};

export const fetchCommand: Command<OptionTable> = {
  name: "kasbah-agent fetch",
  version: daemon.version,
  summary:
    "Obtains one certificate from the CA without a running agent, writes it to the files of --output-certs and ends: for init containers, Jobs and laptops. It tries until --timeout, and prints each new reason of a failure.",
  examples: [
    "kasbah-agent fetch --output-certs /run/certs --timeout 2m",
    "kasbah-agent fetch --ca-address localhost:15012 --ca-root root.pem --token-file token --output-certs ./certs",
    "kasbah-agent fetch --output-certs /run/certs --json | jq -r .notAfter",
  ],
  exitCodes: {
    0: "the files are written",
    1: "timeout, or the files could not be written; the message contains the last reason",
    2: "the command line or a setting is invalid",
  },
};

/** What `--help` shows: everything else of the agent is accepted, and has no effect. */
const shown = pick(
  ...(["caAddresses", "caRoot", "caServerName", "caSpiffeId", "caHeaders", "provCert", "tokenFile"] as const),
  ...(["trustDomain", "namespace", "serviceAccount", "secretTtl"] as const),
  ...(["eccCurve", "workloadRsaKeySize", "pkcs8Key"] as const),
  ...(["outputCerts", "outputFormats", "outputNames", "outputCertsMode", "outputPublicMode"] as const),
  "pkcs12PasswordFile",
);

export const fetchOptions = { own: { ...ownOptions, ...shown }, all: { ...daemonOptions, ...ownOptions } };
