import { option, schema } from "@kasbah/runtime";
import { parseSocketFile, parseSocketMode } from "./socket-options.ts";

/** What is served, and where. */
export const servingOptions = {
  sdsSocket: option({
    flag: "--sds-socket <path>",
    env: "KASBAH_SDS_SOCKET",
    help: "Unix socket on which Envoy is served",
    schema: schema.path,
    optional: true,
    defaultHelp: "the file below, in ./var/run/secrets/workload-spiffe-uds",
    group: "Serving",
  }),
  sdsSocketFile: option({
    flag: "--sds-socket-file <name>",
    env: "WORKLOAD_IDENTITY_SOCKET_FILE",
    help: "name of the socket in ./var/run/secrets/workload-spiffe-uds, when --sds-socket does not say where",
    schema: schema.parsed(parseSocketFile),
    default: "socket",
    group: "Serving",
  }),
  sdsSocketMode: option({
    flag: "--sds-socket-mode <octal>",
    env: "KASBAH_SDS_SOCKET_MODE",
    help: "permissions of the socket: 0600, 0660 or 0666; whoever can connect gets the key",
    schema: schema.parsed(parseSocketMode),
    default: "0600",
    group: "Serving",
  }),
  workloadSocket: option({
    flag: "--workload-socket <path>",
    env: "KASBAH_WORKLOAD_SOCKET",
    help: "Unix socket of the SPIFFE Workload API; its clients find it by SPIFFE_ENDPOINT_SOCKET=unix:///path",
    schema: schema.path,
    optional: true,
    defaultHelp: "not served",
    group: "Serving",
  }),
  workloadSocketMode: option({
    flag: "--workload-socket-mode <octal>",
    env: "KASBAH_WORKLOAD_SOCKET_MODE",
    help: "permissions of the socket: 0600, 0660 or 0666; whoever can connect gets the key",
    schema: schema.parsed(parseSocketMode),
    default: "0600",
    group: "Serving",
  }),
  fileDirectories: option({
    flag: "--file-directory <dir>",
    env: "KASBAH_FILE_DIRECTORIES",
    help: "serve file-cert: and file-root: names out of this directory, and of no other",
    schema: schema.path,
    default:
      "/etc/istio,/etc/certs,./etc/certs,./var/run/secrets/istio,./var/run/secrets/workload-spiffe-credentials",
    repeatable: true,
    group: "Serving",
  }),
  statusAddress: option({
    flag: "--status-address <host:port>",
    env: "KASBAH_STATUS_ADDRESS",
    help: "HTTP address of /healthz/live, /healthz/ready, /metrics and /debug/secrets; wait and status ask there",
    schema: schema.listenAddress,
    default: "127.0.0.1:15020",
    group: "Serving",
  }),
};
