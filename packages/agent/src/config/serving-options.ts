import { option, schema } from "@kasbah/runtime";
import { parseSocketFile, parseSocketMode } from "./socket-options.ts";

/** Options for what the agent serves. */
export const servingOptions = {
  sdsSocket: option({
    flag: "--sds-socket <path>",
    env: "KASBAH_SDS_SOCKET",
    help: "Unix socket for Envoy's SDS connections",
    schema: schema.socketPath,
    optional: true,
    defaultHelp: "--sds-socket-file in ./var/run/secrets/workload-spiffe-uds",
    group: "Serving",
  }),
  sdsSocketFile: option({
    flag: "--sds-socket-file <name>",
    env: "WORKLOAD_IDENTITY_SOCKET_FILE",
    help: "name of the socket in ./var/run/secrets/workload-spiffe-uds, if --sds-socket is not set",
    schema: schema.parsed(parseSocketFile, "file name"),
    default: "socket",
    group: "Serving",
  }),
  sdsSocketMode: option({
    flag: "--sds-socket-mode <octal>",
    env: "KASBAH_SDS_SOCKET_MODE",
    help: "mode of the socket: 0600, 0660 or 0666; every user who can connect can read the key",
    schema: schema.parsed(parseSocketMode, "0600, 0660 or 0666"),
    default: "0600",
    group: "Serving",
  }),
  workloadSocket: option({
    flag: "--workload-socket <path>",
    env: "KASBAH_WORKLOAD_SOCKET",
    help: "Unix socket of the SPIFFE Workload API; set SPIFFE_ENDPOINT_SOCKET=unix:///path for its clients",
    schema: schema.socketPath,
    optional: true,
    defaultHelp: "not served",
    group: "Serving",
  }),
  workloadSocketMode: option({
    flag: "--workload-socket-mode <octal>",
    env: "KASBAH_WORKLOAD_SOCKET_MODE",
    help: "mode of the socket: 0600, 0660 or 0666; every user who can connect can read the key",
    schema: schema.parsed(parseSocketMode, "0600, 0660 or 0666"),
    default: "0600",
    group: "Serving",
  }),
  fileDirectories: option({
    flag: "--file-directory <dir>",
    env: "KASBAH_FILE_DIRECTORIES",
    help: "directory whose files may be served under file-cert: and file-root: names",
    reload: "when a file changes",
    schema: schema.path,
    default:
      "/etc/istio,/etc/certs,./etc/certs,./var/run/secrets/istio,./var/run/secrets/workload-spiffe-credentials",
    repeatable: true,
    group: "Serving",
  }),
  statusAddress: option({
    flag: "--status-address <host:port>",
    env: "KASBAH_STATUS_ADDRESS",
    help: "HTTP address of /healthz/live, /healthz/ready, /metrics and /debug/secrets; the wait and status commands use it. Change it if Istio's pilot-agent runs in the same pod, which occupies 15020",
    schema: schema.listenAddress,
    default: "127.0.0.1:15020",
    group: "Serving",
  }),
};
