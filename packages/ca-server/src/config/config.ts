import { isIP } from "node:net";
import { parseTrustDomain } from "@kasbah/pki";
import {
  type Command,
  type ConfigOf,
  daemonExitCodes,
  option,
  parseDuration,
  schema,
  tracingOptions,
} from "@kasbah/runtime";
import { authorityOptions, authorityProblems } from "./authorities.ts";
import { callerOptions, callerProblems } from "./callers.ts";
import { clockOptions } from "./clock.ts";
import { kubernetesOptions, kubernetesProblems } from "./kubernetes.ts";
import { ledgerOptions, ledgerProblems } from "./ledger.ts";
import { ledgerSpaceOptions } from "./ledger-space.ts";
import { limitOptions } from "./limits.ts";
import { defaultStateDirectory, type Machine } from "./machine.ts";
import { ownIdentityOptions, ownIdentityProblems } from "./own-identity.ts";
import { rateOptions } from "./rates.ts";
import { workerOptions } from "./workers.ts";

export type { Machine } from "./machine.ts";

export type ServerOptions = ReturnType<typeof serverOptions>;
export type ServerConfig = ConfigOf<ServerOptions>;

/**
 * Every option of `kasbah-server`. The environment variables have Istio's names where Istio has the option.
 */
export function serverOptions(machine: Machine) {
  return {
    stateDir: stateDirOption(machine),
    ...generalOptions,
    ...ownIdentityOptions,
    ...callerOptions,
    ...lifetimeOptions,
    ...ledgerSpaceOptions,
    ...ledgerOptions,
    ...authorityOptions,
    ...clockOptions,
    ...kubernetesOptions,
    ...workerOptions,
    ...limitOptions,
    ...rateOptions,
    ...tracingOptions,
  };
}

/** @param version of the package, for `--version`. */
export function serverCommand(version: string): Command<ServerOptions> {
  return {
    name: "kasbah-server",
    version,
    summary:
      "The certificate authority: issues X.509 identities to the workloads of a mesh (istio.v1.auth over gRPC).",
    examples: [
      "kasbah-server --jwks certs-dev/out/jwks.json --token-issuer https://certs-dev.invalid",
      "kasbah-server --jwks https://kubernetes.default.svc/openid/v1/jwks --token-issuer https://kubernetes.default.svc \\",
      "  --jwks-ca-file /var/run/secrets/kubernetes.io/serviceaccount/ca.crt \\",
      "  --jwks-token-file /var/run/secrets/kubernetes.io/serviceaccount/token",
      "kasbah-server --kubernetes-api https://kubernetes.default.svc --policy policy.yaml",
    ],
    exitCodes: daemonExitCodes,
    check: crossChecks,
  };
}

const generalOptions = {
  trustDomain: option({
    flag: "--trust-domain <name>",
    env: "TRUST_DOMAIN",
    help: "trust domain of every identity",
    schema: schema.parsed(parseTrustDomain, "trust domain"),
    default: "cluster.local",
    group: "General",
  }),
  grpcAddress: option({
    flag: "--grpc-address <host:port>",
    env: "KASBAH_GRPC_ADDRESS",
    help: "address of the gRPC server for agents, over TLS 1.3, and 1.2 with ECDHE and AES-GCM or ChaCha20",
    schema: schema.listenAddress,
    default: "127.0.0.1:15012",
    group: "General",
  }),
  adminSocket: option({
    flag: "--admin-socket <path>",
    env: "KASBAH_ADMIN_SOCKET",
    help: "Unix socket for the operator's command, mode 0600, which is the only authorization",
    schema: schema.socketPath,
    optional: true,
    defaultHelp: "admin.sock in the state directory",
    group: "General",
  }),
  httpAddress: option({
    flag: "--http-address <host:port>",
    env: "KASBAH_HTTP_ADDRESS",
    help: "address of the health checks and metrics, over plain HTTP",
    schema: schema.listenAddress,
    default: "127.0.0.1:15014",
    group: "General",
  }),
  probeAddress: option({
    flag: "--probe-address <host:port>",
    env: "KASBAH_PROBE_ADDRESS",
    help: "address of the health checks alone, over plain HTTP, for a port that only the kubelet can reach",
    schema: schema.listenAddress,
    optional: true,
    defaultHelp: "only at --http-address",
    group: "General",
  }),
  serverSan: option({
    flag: "--server-san <name>",
    env: "KASBAH_SERVER_SAN",
    help: "additional DNS name or IP address in the serving certificate, besides localhost, 127.0.0.1, ::1 and istiod.istio-system.svc",
    schema: schema.parsed(parseServerName, "DNS name or IP address"),
    repeatable: true,
    group: "General",
  }),
};

const lifetimeOptions = {
  defaultTtl: option({
    flag: "--default-ttl <duration>",
    env: "DEFAULT_WORKLOAD_CERT_TTL",
    help: "lifetime of a workload certificate if the request names none",
    schema: schema.duration,
    default: "24h",
    group: "Lifetimes",
  }),
  maxTtl: option({
    flag: "--max-ttl <duration>",
    env: "MAX_WORKLOAD_CERT_TTL",
    help: "longest lifetime that a request may name; the CA refuses longer ones, and a rule of the policy can set a lower maximum",
    schema: schema.duration,
    default: "2160h",
    group: "Lifetimes",
  }),
  ttlCeiling: option({
    flag: "--ttl-ceiling <duration>",
    env: "KASBAH_TTL_CEILING",
    help: "longest lifetime that callers get unless a rule or a default names a longer one; a longer request is shortened; 0 means no ceiling",
    schema: schema.parsed(parseCeiling, "duration, or 0"),
    default: "24h",
    group: "Lifetimes",
  }),
};

function stateDirOption(machine: Machine) {
  return option({
    flag: "--state-dir <dir>",
    env: "KASBAH_STATE_DIR",
    help: "directory of the keys, the state of the authorities, the ledger and the public trust bundle",
    schema: schema.path,
    default: defaultStateDirectory(machine),
    defaultHelp: "/var/lib/kasbah as root, else $XDG_STATE_HOME/kasbah",
    group: "General",
  });
}

/** One certificate with a long lifetime would delay every rotation until it expires. */
function parseCeiling(text: string): number {
  return text === "0" ? 0 : parseDuration(text);
}

function crossChecks(config: ServerConfig): readonly string[] {
  const { defaultTtl, maxTtl } = config;
  const own =
    defaultTtl > maxTtl ? ["--default-ttl: is greater than --max-ttl; lower it, or raise --max-ttl"] : [];
  return [
    ...own,
    ...ownIdentityProblems(config),
    ...callerProblems(config),
    ...kubernetesProblems(config),
    ...authorityProblems(config),
    ...ledgerProblems(config),
  ];
}

/** Accepts RFC 1123 labels. A wildcard would let this server's key impersonate other hosts. */
/** Without a final dot, which a SAN must not have: clients that dial an absolute name verify the name without it. */
function parseServerName(written: string): string {
  const text = written.replace(/\.$/, "");
  const isName =
    text.length <= 253 &&
    text.split(".").every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  if (isIP(written) !== 0 || (isName && isIP(text) === 0)) return text;
  throw new Error("expected a DNS name in lower case or an IP address");
}
