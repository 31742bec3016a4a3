import { type Command, type OptionTable, option, schema } from "@kasbah/runtime";
import { command as daemon } from "../../config/command.ts";
import { options as daemonOptions } from "../../config/options.ts";

/** Options of `kasbah-agent doctor` besides the agent's. */
const ownOptions = {
  tryCall: option({
    flag: "--try",
    env: "KASBAH_DOCTOR_TRY",
    help: "also request a certificate from the CA, and drop it; the default if no agent runs. The CA records the call like any other",
    schema: schema.boolean,
    default: "false",
    group: "Command",
  }),
  envoyAdmin: option({
    flag: "--envoy-admin <host:port>",
    env: "KASBAH_DOCTOR_ENVOY_ADMIN",
    help: "address of Envoy's admin interface",
    schema: schema.hostPort,
    default: "127.0.0.1:15000",
    group: "Command",
  }),
  json: option({
    flag: "--json",
    env: "KASBAH_DOCTOR_JSON",
    help: "print the report as JSON",
    schema: schema.boolean,
    default: "false",
    group: "Command",
  }),
};

export const doctorDescription: Command<OptionTable> = {
  name: "kasbah-agent doctor",
  version: daemon.version,
  summary:
    "Examines why a workload has no certificate, or may soon have none: its token, its root file, the CA, the clock, the agent's socket, Envoy and the output files. Each problem is printed with its fix. It changes nothing.",
  examples: [
    "kasbah-agent doctor",
    "kasbah-agent doctor --try",
    "kubectl exec POD -c AGENT -- kasbah-agent doctor",
    "kasbah-agent doctor --json | jq -r '.findings[].code'",
  ],
  exitCodes: {
    0: "everything that was checked is in order",
    1: "the checks could not run",
    2: "the command line or a setting is invalid",
    3: "there is a warning",
    4: "something is broken",
  },
};

const { caAddresses, caRoot, caServerName, caSpiffeId, caProxy, provCert, tokenFile } = daemonOptions;
const { namespace, serviceAccount, sdsSocket, statusAddress, outputCerts } = daemonOptions;

/** What `--help` shows: everything else of the agent is accepted, too. */
const shown = {
  ...{ caAddresses, caRoot, caServerName, caSpiffeId, caProxy, provCert, tokenFile },
  ...{ namespace, serviceAccount, sdsSocket, statusAddress, outputCerts },
};

export const doctorOptions = { own: { ...ownOptions, ...shown }, all: { ...daemonOptions, ...ownOptions } };
