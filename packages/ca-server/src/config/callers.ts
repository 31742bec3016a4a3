import { isIP } from "node:net";
import { parseWorkloadName } from "@kasbah/pki";
import { type ConfigOf, option, schema } from "@kasbah/runtime";
import type { AddressRange } from "../outbound/address-rules.ts";

/** Where a key set comes from. */
export type JwksLocation =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "https"; readonly url: URL };

/** Who may call, and how callers prove themselves. */
export const callerOptions = {
  jwks: option({
    flag: "--jwks <file|url>",
    env: "KASBAH_JWKS",
    help: "keys that sign the callers' tokens: a file, or an https URL",
    schema: schema.parsed(parseJwksLocation),
    optional: true,
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
    optional: true,
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
  tokenIssuers: option({
    flag: "--token-issuers <file>",
    env: "KASBAH_TOKEN_ISSUERS",
    help: "YAML with further issuers of tokens, each with its keys, audiences and algorithms",
    schema: schema.path,
    optional: true,
    group: "Callers",
  }),
  allowAddress: option({
    flag: "--allow-address <ip|cidr>",
    env: "KASBAH_ALLOW_ADDRESS",
    help: "let https URLs lead to this address although it is this host's, link-local or a metadata service's",
    schema: schema.parsed(parseAddressRange),
    repeatable: true,
    group: "Callers",
  }),
  kubernetesApi: option({
    flag: "--kubernetes-api <url>",
    env: "KASBAH_KUBERNETES_API",
    help: "ask this Kubernetes API server about tokens (TokenReview) and pods",
    schema: schema.parsed(parseHttpsUrl),
    optional: true,
    group: "Callers",
  }),
  kubernetesCaFile: option({
    flag: "--kubernetes-ca-file <file>",
    env: "KASBAH_KUBERNETES_CA_FILE",
    help: "roots for the API server",
    schema: schema.path,
    default: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
    group: "Callers",
  }),
  kubernetesTokenFile: option({
    flag: "--kubernetes-token-file <file>",
    env: "KASBAH_KUBERNETES_TOKEN_FILE",
    help: "the CA's own token for the API server, read again for each call",
    schema: schema.path,
    default: "/var/run/secrets/kubernetes.io/serviceaccount/token",
    group: "Callers",
  }),
  noClientCertificates: option({
    flag: "--no-client-certificates",
    env: "KASBAH_NO_CLIENT_CERTIFICATES",
    help: "know callers by their tokens alone, not by the workload certificate that they hold",
    schema: schema.boolean,
    default: "false",
    group: "Callers",
  }),
  maxRenewalAge: option({
    flag: "--max-renewal-age <duration>",
    env: "KASBAH_MAX_RENEWAL_AGE",
    help: "how long certificates may renew one another without a token in between",
    schema: schema.duration,
    default: "168h",
    group: "Callers",
  }),
  trustedNodeAccount: option({
    flag: "--trusted-node-account <ns/sa>",
    env: "CA_TRUSTED_NODE_ACCOUNTS",
    help: "service account of node proxies, which may have the identities of pods on their own node (ztunnel)",
    schema: schema.parsed(parseNodeAccount),
    repeatable: true,
    group: "Callers",
  }),
  policy: option({
    flag: "--policy <file>",
    env: "KASBAH_POLICY",
    help: "YAML with rules of who may have which certificate; followed when it changes",
    schema: schema.path,
    optional: true,
    group: "Callers",
  }),
};

export type CallerConfig = ConfigOf<typeof callerOptions>;

/** Problems between settings that are each valid. */
export function callerProblems(config: CallerConfig): readonly string[] {
  const { jwks, tokenIssuer, jwksCaFile, jwksTokenFile, tokenAudience, kubernetesApi } = config;
  const isRemote = jwks?.kind === "https";
  const knowsTokens = jwks !== undefined || config.tokenIssuers !== undefined || kubernetesApi !== undefined;
  const problems: [boolean, string][] = [
    [
      !knowsTokens,
      "--jwks: no callers are known; give --jwks with --token-issuer, --token-issuers, or --kubernetes-api",
    ],
    [
      jwks !== undefined && tokenIssuer === undefined,
      "--token-issuer: is required with --jwks; give the tokens' iss",
    ],
    [
      jwks === undefined && tokenIssuer !== undefined,
      "--token-issuer: has no use without --jwks; give its keys",
    ],
    [
      isRemote && hasCredentials(jwks.url),
      "--jwks: the URL holds credentials, which would show in process lists; use --jwks-token-file",
    ],
    [
      kubernetesApi !== undefined && hasCredentials(kubernetesApi),
      "--kubernetes-api: the URL holds credentials, which would show in process lists; use --kubernetes-token-file",
    ],
    [
      !isRemote && jwksCaFile !== undefined,
      "--jwks-ca-file: has no use with a file; give --jwks an https URL",
    ],
    [
      !isRemote && jwksTokenFile !== undefined,
      "--jwks-token-file: has no use with a file; give --jwks an https URL",
    ],
    [tokenAudience.length === 0, "--token-audience: is empty, so that no token would fit; name at least one"],
    [
      config.trustedNodeAccount.length > 0 && kubernetesApi === undefined,
      "--trusted-node-account: pods are looked up in Kubernetes; give --kubernetes-api",
    ],
  ];
  return problems.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
}

/** The text of a URL with a password must not come back in a problem, so that is left to the cross-checks. */
export function parseJwksLocation(text: string): JwksLocation {
  if (text === "") throw new Error("expected a JWKS file or an https URL");
  if (!text.includes("://")) return { kind: "file", path: text };
  return { kind: "https", url: parseHttpsUrl(text) };
}

function parseHttpsUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "https:") return url;
  throw new Error("expected an https URL, or a path without ://");
}

export function hasCredentials(url: URL): boolean {
  return url.username !== "" || url.password !== "";
}

function parseAddressRange(text: string): AddressRange {
  const [address = "", bits, ...more] = text.split("/");
  const longest = isIP(address) === 6 ? 128 : 32;
  const prefix = bits === undefined ? longest : Number(bits);
  const isRange =
    isIP(address) !== 0 && more.length === 0 && /^\d{1,3}$/.test(bits ?? "0") && prefix <= longest;
  if (isRange) return { address, prefix };
  throw new Error("expected an IP address, or a range such as 127.0.0.0/8");
}

function parseNodeAccount(text: string): string {
  const [namespace = "", serviceAccount = "", ...more] = text.trim().split("/");
  if (more.length > 0) throw new Error("expected <namespace>/<service account>");
  parseWorkloadName(namespace, serviceAccount);
  return `${namespace}/${serviceAccount}`;
}
