import { dirname, join, resolve } from "node:path";
import { parseTrustDomain, parseWorkloadName } from "@kasbah/pki";
import { type Command, type ConfigOf, option, schema } from "@kasbah/runtime";
import { parseCaHeader } from "./ca/ca-header.ts";
import { legacyMountedCertsDir } from "./mounted-certs/find-mounted-certs.ts";
import { parseFileName, parseSocketMode } from "./sds/socket-options.ts";

/** Every option of `kasbah-agent`. Environment names and defaults are Istio's where it has them. */
export const options = {
  caAddresses: option({
    flag: "--ca-address <host:port>",
    env: "CA_ADDR",
    help: "address of the CA; several are tried in turn",
    schema: schema.hostPort,
    repeatable: true,
    default: "kasbah.kasbah-system.svc:15012",
    group: "Certificate authority",
  }),
  caRoot: option({
    flag: "--ca-root <file>",
    env: "CA_ROOT_CA",
    help: "PEM file of the roots under which the CA and its certificates must verify, or SYSTEM",
    schema: schema.path,
    optional: true,
    defaultHelp: "root-cert.pem of --prov-cert, else ./var/run/secrets/istio/root-cert.pem",
    group: "Certificate authority",
  }),
  caServerName: option({
    flag: "--ca-server-name <name>",
    env: "KASBAH_CA_SERVER_NAME",
    help: "name that the CA's certificate must have",
    schema: schema.text,
    optional: true,
    defaultHelp: "the host of the address",
    group: "Certificate authority",
  }),
  caHeaders: option({
    flag: "--ca-header <name=value>",
    env: "KASBAH_CA_HEADERS",
    envPrefix: "CA_HEADER_",
    isSensitive: true,
    help: "header to send with each call, also as CA_HEADER_<name>=<value>",
    schema: schema.parsed(parseCaHeader),
    repeatable: true,
    default: "",
    group: "Certificate authority",
  }),
  clusterId: option({
    flag: "--cluster-id <id>",
    env: "ISTIO_META_CLUSTER_ID",
    help: "cluster that our token is of, for a CA of several clusters",
    schema: schema.text,
    optional: true,
    group: "Certificate authority",
  }),
  certSigner: option({
    flag: "--cert-signer <name>",
    env: "ISTIO_META_CERT_SIGNER",
    help: "signer to ask for, where an istiod has several",
    schema: schema.text,
    optional: true,
    group: "Certificate authority",
  }),
  provCert: option({
    flag: "--prov-cert <directory>",
    env: "PROV_CERT",
    help: "directory of key.pem, cert-chain.pem and root-cert.pem by which to prove to the CA who we are",
    schema: schema.path,
    optional: true,
    group: "Certificate authority",
  }),
  tokenOnly: option({
    flag: "--token-only",
    env: "KASBAH_TOKEN_ONLY",
    help: "never show the CA our own certificate where the token cannot be used",
    schema: schema.boolean,
    default: "false",
    group: "Certificate authority",
  }),
  tokenFile: option({
    flag: "--token-file <file>",
    env: "KASBAH_TOKEN_FILE",
    help: "service account token that proves to the CA who we are; read anew for every call",
    schema: schema.path,
    default: "./var/run/secrets/tokens/istio-token",
    group: "Certificate authority",
  }),
  trustDomain: option({
    flag: "--trust-domain <name>",
    env: "TRUST_DOMAIN",
    help: "trust domain of our SPIFFE ID",
    schema: schema.parsed(parseTrustDomain),
    default: "cluster.local",
    group: "Identity",
  }),
  namespace: option({
    flag: "--namespace <name>",
    env: "POD_NAMESPACE",
    help: "our namespace",
    schema: schema.parsed((text) => parseWorkloadName(text, "default").namespace),
    optional: true,
    defaultHelp: "from the token",
    group: "Identity",
  }),
  serviceAccount: option({
    flag: "--service-account <name>",
    env: "SERVICE_ACCOUNT",
    help: "our service account",
    schema: schema.parsed((text) => parseWorkloadName("default", text).serviceAccount),
    optional: true,
    defaultHelp: "from the token",
    group: "Identity",
  }),
  eccSignatureAlgorithm: option({
    flag: "--ecc-signature-algorithm <name>",
    env: "ECC_SIGNATURE_ALGORITHM",
    help: "ECDSA, whatever size of RSA is given",
    schema: schema.choice(["ECDSA"]),
    optional: true,
    defaultHelp: "ECDSA, unless a size of RSA is given",
    group: "Key",
  }),
  eccCurve: option({
    flag: "--ecc-curve <name>",
    env: "ECC_CURVE",
    help: "curve of ECDSA keys: P256 or P384",
    schema: schema.choice(["P256", "P384"]),
    optional: true,
    defaultHelp: "P256",
    group: "Key",
  }),
  workloadRsaKeySize: option({
    flag: "--workload-rsa-key-size <bits>",
    env: "WORKLOAD_RSA_KEY_SIZE",
    help: "RSA keys of 2048, 3072 or 4096 bits instead of ECDSA",
    schema: schema.choice(["2048", "3072", "4096"]),
    optional: true,
    defaultHelp: "no RSA",
    group: "Key",
  }),
  pkcs8Key: option({
    flag: "--pkcs8-key <true|false>",
    env: "PKCS8_KEY",
    help: "write the key as PKCS#8, and not as SEC1 or PKCS#1",
    schema: schema.boolean,
    default: "false",
    group: "Key",
  }),
  secretTtl: option({
    flag: "--secret-ttl <duration>",
    env: "SECRET_TTL",
    help: "lifetime to ask the CA for",
    schema: schema.duration,
    default: "24h",
    group: "Rotation",
  }),
  gracePeriodRatio: option({
    flag: "--grace-period-ratio <share>",
    env: "SECRET_GRACE_PERIOD_RATIO",
    help: "share of life left when rotation is due",
    schema: schema.ratio,
    default: "0.5",
    group: "Rotation",
  }),
  gracePeriodJitter: option({
    flag: "--grace-period-jitter <share>",
    env: "SECRET_GRACE_PERIOD_RATIO_JITTER",
    help: "the furthest that one certificate's share strays from the ratio, so that a fleet does not rotate at once",
    schema: schema.ratio,
    default: "0.01",
    group: "Rotation",
  }),
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
    schema: schema.parsed(parseFileName),
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
  outputCerts: option({
    flag: "--output-certs <dir>",
    env: "OUTPUT_CERTS",
    help: "directory in which key.pem, cert-chain.pem and root-cert.pem are kept for programs that read files",
    schema: schema.path,
    optional: true,
    defaultHelp: "none",
    group: "Files",
  }),
  outputCertsMode: option({
    flag: "--output-certs-mode <octal>",
    env: "KASBAH_OUTPUT_CERTS_MODE",
    help: "mode of the key.pem that is written; certificates are 0644",
    schema: schema.parsed(parseKeyMode),
    default: "0600",
    group: "Files",
  }),
  onRotate: option({
    flag: "--on-rotate <command>",
    env: "KASBAH_ON_ROTATE",
    help: "run by /bin/sh after each set of files written, to make programs read them",
    schema: schema.text,
    optional: true,
    defaultHelp: "none",
    group: "Files",
  }),
  onRotateTimeout: option({
    flag: "--on-rotate-timeout <duration>",
    env: "KASBAH_ON_ROTATE_TIMEOUT",
    help: "how long that command may take before it is ended",
    schema: schema.duration,
    default: "30s",
    group: "Files",
  }),
  fileMountedCerts: option({
    flag: "--file-mounted-certs <true|false>",
    env: "FILE_MOUNTED_CERTS",
    help: "serve mounted files and never ask a CA; so it is done anyway where all three files are there at the start",
    schema: schema.boolean,
    default: "false",
    group: "Files",
  }),
  mountedCertsDir: option({
    flag: "--mounted-certs-dir <dir>",
    env: "KASBAH_MOUNTED_CERTS_DIR",
    help: "where the mounted key.pem, cert-chain.pem and root-cert.pem are",
    schema: schema.path,
    default: "./var/run/secrets/workload-spiffe-credentials",
    group: "Files",
  }),
  cacheDir: option({
    flag: "--cache-dir <dir>",
    env: "KASBAH_CACHE_DIR",
    help: "private directory, in memory, in which the last secret is kept for a restart without a CA",
    schema: schema.path,
    optional: true,
    defaultHelp: "none",
    group: "Files",
  }),
  fileDirectory: option({
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

export type AgentConfig = ConfigOf<typeof options>;

export const command: Command<typeof options> = {
  name: "kasbah-agent",
  version: "0.1.0",
  summary:
    "Obtains this workload's certificate, keeps it fresh and serves it to Envoy over SDS. Two commands ask an agent that runs: kasbah-agent wait blocks until it serves its first secret, kasbah-agent status tells what it serves; each has a --help.",
  examples: [
    "kasbah-agent --ca-address 127.0.0.1:15012 --ca-root root-cert.pem --token-file token --sds-socket /run/demo/sds",
    "kasbah-agent wait --timeout 2m",
    "kasbah-agent status",
    "curl http://127.0.0.1:15020/healthz/ready",
  ],
  check: crossCheck,
};

/** Where the CA's roots stand, or SYSTEM. */
export function caRootOf({ caRoot, provCert }: Pick<AgentConfig, "caRoot" | "provCert">): string {
  if (caRoot !== undefined) return caRoot;
  return provCert === undefined ? "./var/run/secrets/istio/root-cert.pem" : join(provCert, "root-cert.pem");
}

/**
 * Whether the CA's roots are read from where our own bundle is written, as on Istio's virtual machines: `PROV_CERT` and
 * `OUTPUT_CERTS` are one directory there, which a provisioner filled once and we renew.
 */
export function renewsInPlace({
  caRoot,
  provCert,
  outputCerts,
}: Pick<AgentConfig, "caRoot" | "provCert" | "outputCerts">): boolean {
  if (caRoot !== undefined || provCert === undefined || outputCerts === undefined) return false;
  return resolve(provCert) === resolve(outputCerts);
}

const plaintextPort = 15_010;

/** Problems that no single option shows. */
function crossCheck(config: AgentConfig): readonly string[] {
  const problems: string[] = [];
  if (config.caAddresses.length === 0) problems.push("--ca-address: give at least one");
  if (config.caAddresses.some(({ port }) => port === plaintextPort)) {
    problems.push(
      "--ca-address: istiod's port 15010 has no TLS and would show our token to the network; use 15012",
    );
  }
  if (config.tokenOnly && config.provCert !== undefined) {
    problems.push("--token-only: contradicts --prov-cert, which is a certificate to be shown; drop one");
  }
  if (config.cacheDir !== undefined && caRootOf(config) === "SYSTEM") {
    problems.push(
      "--cache-dir: a cached secret is verified under the roots of a file; name one with --ca-root in place of SYSTEM",
    );
  }
  if (config.secretTtl < 1_000) {
    problems.push("--secret-ttl: the CA counts whole seconds; give at least 1s");
  }
  if (config.gracePeriodRatio - config.gracePeriodJitter <= 0) {
    problems.push(
      "--grace-period-ratio: must be larger than --grace-period-jitter, or rotation could fall on the end of life",
    );
  }
  return [...problems, ...fileProblems(config)];
}

function fileProblems(config: AgentConfig): readonly string[] {
  const { outputCerts, onRotate } = config;
  if (outputCerts === undefined) {
    return onRotate === undefined ? [] : ["--on-rotate: runs after --output-certs, which is not given"];
  }
  const isRead = readDirectories(config).some((directory) => resolve(directory) === resolve(outputCerts));
  return isRead ? ["--output-certs: is a directory that is read from as well; choose another"] : [];
}

/** Where nothing may be written: roots that were would be read as the operator's, and never leave again. */
export function readDirectories(config: AgentConfig): readonly string[] {
  const { fileMountedCerts, mountedCertsDir } = config;
  return [
    mountedCertsDir,
    ...(fileMountedCerts ? [legacyMountedCertsDir] : []),
    ...(renewsInPlace(config) ? [] : [dirname(caRootOf(config))]),
  ];
}

/** Read by us, perhaps read by others, and neither written by others nor run. */
function parseKeyMode(text: string): number {
  const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : 0;
  if ((mode & 0o400) === 0 || (mode & 0o133) !== 0) {
    throw new Error("expected an octal mode of a file that only its owner writes, such as 0600 or 0640");
  }
  return mode;
}
