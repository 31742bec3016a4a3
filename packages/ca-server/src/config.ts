import { isIP } from "node:net";
import { parseTrustDomain } from "@kasbah/pki";
import { type Command, type ConfigOf, option, schema } from "@kasbah/runtime";
import { authorityOptions, authorityProblems } from "./config-authorities.ts";
import { defaultStateDirectory, type Machine } from "./config-machine.ts";

export type { Machine } from "./config-machine.ts";

/** Where a key set comes from. */
export type JwksLocation =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "https"; readonly url: URL };

export type ServerOptions = ReturnType<typeof serverOptions>;
export type ServerConfig = ConfigOf<ServerOptions>;

/** Every setting of `kasbah-server`; environment names are Istio's where it has one. */
export function serverOptions(machine: Machine) {
  return {
    stateDir: stateDirOption(machine),
    ...placeOptions,
    ...tokenOptions,
    ...lifetimeOptions,
    ...authorityOptions,
  };
}

/** @param version of the package, for `--version`. */
export function serverCommand(version: string): Command<ServerOptions> {
  return {
    name: "kasbah-server",
    version,
    summary:
      "The certificate authority: gives workloads of a mesh their X.509 identities (istio.v1.auth over gRPC).",
    examples: [
      "kasbah-server --jwks certs-dev/out/jwks.json --token-issuer https://certs-dev.invalid",
      "kasbah-server --jwks https://kubernetes.default.svc/openid/v1/jwks --token-issuer https://kubernetes.default.svc \\",
      "  --jwks-ca-file /var/run/secrets/kubernetes.io/serviceaccount/ca.crt \\",
      "  --jwks-token-file /var/run/secrets/kubernetes.io/serviceaccount/token",
    ],
    check: crossChecks,
  };
}

const placeOptions = {
  trustDomain: option({
    flag: "--trust-domain <name>",
    env: "TRUST_DOMAIN",
    help: "trust domain of every identity",
    schema: schema.parsed(parseTrustDomain),
    default: "cluster.local",
    group: "Place",
  }),
  grpcAddress: option({
    flag: "--grpc-address <host:port>",
    env: "KASBAH_GRPC_ADDRESS",
    help: "where agents connect, over TLS",
    schema: schema.listenAddress,
    default: "127.0.0.1:15012",
    group: "Place",
  }),
  adminSocket: option({
    flag: "--admin-socket <path>",
    env: "KASBAH_ADMIN_SOCKET",
    help: "Unix socket for the operator's command, mode 0600",
    schema: schema.path,
    optional: true,
    defaultHelp: "admin.sock in the state directory",
    group: "Place",
  }),
  httpAddress: option({
    flag: "--http-address <host:port>",
    env: "KASBAH_HTTP_ADDRESS",
    help: "where health and metrics are served, over plain HTTP",
    schema: schema.listenAddress,
    default: "127.0.0.1:15014",
    group: "Place",
  }),
  serverSan: option({
    flag: "--server-san <name>",
    env: "KASBAH_SERVER_SAN",
    help: "further DNS name or IP address in the serving certificate, beside localhost and istiod.istio-system.svc",
    schema: schema.parsed(parseServerName),
    repeatable: true,
    group: "Place",
  }),
};

const tokenOptions = {
  jwks: option({
    flag: "--jwks <file|url>",
    env: "KASBAH_JWKS",
    help: "keys that sign the callers' tokens: a file, or an https URL",
    schema: schema.parsed(parseJwksLocation),
    default: "",
    defaultHelp: "none, and one must be given",
    group: "Callers",
  }),
  jwksCaFile: option({
    flag: "--jwks-ca-file <file>",
    env: "KASBAH_JWKS_CA_FILE",
    help: "roots for the https URL, instead of the system's",
    schema: schema.path,
    optional: true,
    group: "Callers",
  }),
  jwksTokenFile: option({
    flag: "--jwks-token-file <file>",
    env: "KASBAH_JWKS_TOKEN_FILE",
    help: "bearer token for the https URL, read again for each fetch",
    schema: schema.path,
    optional: true,
    group: "Callers",
  }),
  tokenIssuer: option({
    flag: "--token-issuer <iss>",
    env: "KASBAH_TOKEN_ISSUER",
    help: "the iss of every token, to the letter; required with --jwks",
    schema: schema.text,
    group: "Callers",
  }),
  tokenAudience: option({
    flag: "--token-audience <aud>",
    env: "TOKEN_AUDIENCES",
    help: "a token must name one of these audiences",
    schema: schema.text,
    default: "istio-ca",
    repeatable: true,
    group: "Callers",
  }),
};

const lifetimeOptions = {
  defaultTtl: option({
    flag: "--default-ttl <duration>",
    env: "DEFAULT_WORKLOAD_CERT_TTL",
    help: "lifetime of a workload certificate whose request names none",
    schema: schema.duration,
    default: "24h",
    group: "Lifetimes",
  }),
  maxTtl: option({
    flag: "--max-ttl <duration>",
    env: "MAX_WORKLOAD_CERT_TTL",
    help: "longest lifetime that a request may name; more is refused",
    schema: schema.duration,
    default: "2160h",
    group: "Lifetimes",
  }),
};

function stateDirOption(machine: Machine) {
  return option({
    flag: "--state-dir <dir>",
    env: "KASBAH_STATE_DIR",
    help: "holds the keys, the state of the authorities, the ledger and the public trust bundle",
    schema: schema.path,
    default: defaultStateDirectory(machine),
    defaultHelp: "/var/lib/kasbah as root, else $XDG_STATE_HOME/kasbah",
    group: "Place",
  });
}

function crossChecks(config: ServerConfig): readonly string[] {
  const { defaultTtl, maxTtl, jwks, jwksCaFile, jwksTokenFile, tokenAudience } = config;
  const withFile = jwks.kind === "file";
  const problems: [boolean, string][] = [
    [
      hasCredentials(jwks),
      "--jwks: the URL holds credentials, which would show in process lists; use --jwks-token-file",
    ],
    [defaultTtl > maxTtl, "--default-ttl: is greater than --max-ttl; lower it, or raise --max-ttl"],
    [
      withFile && jwksCaFile !== undefined,
      "--jwks-ca-file: has no use with a file; give --jwks an https URL",
    ],
    [
      withFile && jwksTokenFile !== undefined,
      "--jwks-token-file: has no use with a file; give --jwks an https URL",
    ],
    [tokenAudience.length === 0, "--token-audience: is empty, so that no token would fit; name at least one"],
  ];
  const own = problems.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
  return [...own, ...authorityProblems(config)];
}

/** The text of a URL with a password must not come back in a problem, so that is left to the cross-checks. */
function parseJwksLocation(text: string): JwksLocation {
  if (text === "") {
    throw new Error(
      "expected a JWKS file or an https URL: callers are known by their tokens, and in no other way yet",
    );
  }
  if (!text.includes("://")) return { kind: "file", path: text };
  const url = URL.parse(text);
  if (url?.protocol !== "https:") throw new Error("expected an https URL, or a path without ://");
  return { kind: "https", url };
}

function hasCredentials(jwks: JwksLocation): boolean {
  return jwks.kind === "https" && (jwks.url.username !== "" || jwks.url.password !== "");
}

/** RFC 1123 labels; a wildcard would let this server's key stand for hosts that it is not. */
function parseServerName(text: string): string {
  const isName =
    text.length <= 253 &&
    text.split(".").every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  if (isIP(text) !== 0 || isName) return text;
  throw new Error("expected a DNS name in lower case or an IP address");
}
