import { isIP } from "node:net";
import { parseWorkloadName } from "@kasbah/pki";
import { type ConfigOf, option, schema } from "@kasbah/runtime";
import type { AddressRange } from "../outbound/address-rules.ts";
import { parseProxySetting } from "../outbound/proxy/proxy-setting.ts";

/** The location of a key set. */
export type JwksLocation =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "https"; readonly url: URL };

/** The files of the service account that the kubelet mounts into each pod. */
export const podAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Which callers the CA accepts, and how it authenticates them. */
export const callerOptions = {
  jwks: option({
    flag: "--jwks <file|url>",
    env: "KASBAH_JWKS",
    help: "JWKS with the keys that sign the callers' tokens: a file or an https URL",
    reload: "when it changes; a URL every 5 min",
    schema: schema.parsed(parseJwksLocation, "path or https URL"),
    optional: true,
    group: "Callers",
  }),
  jwksCaFile: option({
    flag: "--jwks-ca-file <file>",
    env: "KASBAH_JWKS_CA_FILE",
    help: "CA certificates for the https URL, instead of the system's",
    reload: "for each fetch",
    schema: schema.path,
    optional: true,
    group: "Callers",
  }),
  jwksTokenFile: option({
    flag: "--jwks-token-file <file>",
    env: "KASBAH_JWKS_TOKEN_FILE",
    help: "bearer token for the https URL, read before each fetch",
    reload: "for each fetch",
    schema: schema.path,
    optional: true,
    group: "Callers",
  }),
  jwksProxy: option({
    flag: "--jwks-proxy <url|env|none>",
    env: "KASBAH_JWKS_PROXY",
    help: "HTTP proxy for the https URLs of key sets; env means HTTPS_PROXY and NO_PROXY. The Kubernetes API is always called directly",
    schema: schema.parsed(parseProxySetting, "http URL, env or none"),
    default: "none",
    // A refused value may contain a password.
    isSensitive: true,
    group: "Callers",
  }),
  tokenIssuer: option({
    flag: "--token-issuer <iss>",
    env: "KASBAH_TOKEN_ISSUER",
    help: "exact iss of every token; required with --jwks",
    schema: schema.text,
    optional: true,
    group: "Callers",
  }),
  tokenAudience: option({
    flag: "--token-audience <aud>",
    env: "TOKEN_AUDIENCES",
    help: "audience that a token must contain; if there are several, one of them",
    schema: schema.text,
    default: "istio-ca",
    repeatable: true,
    group: "Callers",
  }),
  tokenIssuers: option({
    flag: "--token-issuers <file>",
    env: "KASBAH_TOKEN_ISSUERS",
    help: "YAML file with more token issuers, each with its keys, audiences and scope; reloaded when it changes",
    reload: "when it changes",
    schema: schema.path,
    optional: true,
    group: "Callers",
  }),
  allowAddress: option({
    flag: "--allow-address <ip|cidr>",
    env: "KASBAH_ALLOW_ADDRESS",
    help: "allow https URLs that resolve to this address, although it is a loopback, link-local or metadata address",
    schema: schema.parsed(parseAddressRange, "IP address or network"),
    repeatable: true,
    group: "Callers",
  }),
  kubernetesApi: option({
    flag: "--kubernetes-api <url>",
    env: "KASBAH_KUBERNETES_API",
    help: "Kubernetes API server that reviews tokens (TokenReview) and lists pods",
    schema: schema.parsed(parseHttpsUrl, "https URL"),
    optional: true,
    group: "Callers",
  }),
  kubernetesCaFile: option({
    flag: "--kubernetes-ca-file <file>",
    env: "KASBAH_KUBERNETES_CA_FILE",
    help: "CA certificates for the API server",
    reload: "for each call",
    schema: schema.path,
    default: `${podAccountDirectory}/ca.crt`,
    group: "Callers",
  }),
  kubernetesTokenFile: option({
    flag: "--kubernetes-token-file <file>",
    env: "KASBAH_KUBERNETES_TOKEN_FILE",
    help: "the CA's own token for the API server, read before each call",
    reload: "for each call",
    schema: schema.path,
    default: `${podAccountDirectory}/token`,
    group: "Callers",
  }),
  noClientCertificates: option({
    flag: "--no-client-certificates",
    env: "KASBAH_NO_CLIENT_CERTIFICATES",
    help: "authenticate callers only by token, not by workload certificate",
    schema: schema.boolean,
    default: "false",
    group: "Callers",
  }),
  maxRenewalAge: option({
    flag: "--max-renewal-age <duration>",
    env: "KASBAH_MAX_RENEWAL_AGE",
    help: "how long a workload may renew its certificate with the previous one before it must present a token again",
    schema: schema.duration,
    default: "168h",
    group: "Callers",
  }),
  renewWithoutPod: option({
    flag: "--renew-without-pod",
    env: "KASBAH_RENEW_WITHOUT_POD",
    help: "let a workload certificate renew after the pod that obtained it was deleted, and watch no pods for it",
    schema: schema.boolean,
    default: "false",
    group: "Callers",
  }),
  trustedNodeAccount: option({
    flag: "--trusted-node-account <ns/sa>",
    env: "CA_TRUSTED_NODE_ACCOUNTS",
    help: "service account of node proxies (ztunnel), which may request the identities of pods on their own node",
    schema: schema.parsed(parseNodeAccount, "namespace/service account"),
    repeatable: true,
    group: "Callers",
  }),
  policy: option({
    flag: "--policy <file>",
    env: "KASBAH_POLICY",
    help: "YAML file with the rules that decide which identity gets which certificate; reloaded when it changes",
    reload: "when it changes",
    schema: schema.path,
    optional: true,
    group: "Callers",
  }),
};

export type CallerConfig = ConfigOf<typeof callerOptions>;

/** The options that decide whether the CA watches the pods of its cluster. */
export type PodWatchConfig = Pick<
  CallerConfig,
  "kubernetesApi" | "trustedNodeAccount" | "noClientCertificates" | "renewWithoutPod"
>;

/** Node proxies need the pods of their node, and a certificate of a deleted pod must not renew. */
export function watchesPods(config: PodWatchConfig): boolean {
  if (config.kubernetesApi === undefined) return false;
  const holdsRenewals = !config.noClientCertificates && !config.renewWithoutPod;
  return holdsRenewals || config.trustedNodeAccount.length > 0;
}

/** Checks combinations of options that are each valid. */
export function callerProblems(config: CallerConfig): readonly string[] {
  const { jwks, tokenIssuer, jwksCaFile, jwksTokenFile, tokenAudience, kubernetesApi } = config;
  const isRemote = jwks?.kind === "https";
  const knowsTokens = jwks !== undefined || config.tokenIssuers !== undefined || kubernetesApi !== undefined;
  const problems: [boolean, string][] = [
    [
      !knowsTokens,
      "--jwks: the CA cannot authenticate any token; set --jwks and --token-issuer, --token-issuers, or --kubernetes-api",
    ],
    [
      jwks !== undefined && tokenIssuer === undefined,
      "--token-issuer: is required with --jwks; set it to the iss of the tokens",
    ],
    [
      jwks === undefined && tokenIssuer !== undefined,
      "--token-issuer: has no effect without --jwks; set --jwks to the keys of the issuer",
    ],
    [
      isRemote && hasCredentials(jwks.url),
      "--jwks: the URL contains credentials, which process lists would show; use --jwks-token-file",
    ],
    [
      kubernetesApi !== undefined && hasCredentials(kubernetesApi),
      "--kubernetes-api: the URL contains credentials, which process lists would show; use --kubernetes-token-file",
    ],
    [
      !isRemote && jwksCaFile !== undefined,
      "--jwks-ca-file: has no effect with a file; set --jwks to an https URL",
    ],
    [
      !isRemote && jwksTokenFile !== undefined,
      "--jwks-token-file: has no effect with a file; set --jwks to an https URL",
    ],
    [
      tokenAudience.length === 0,
      "--token-audience: is empty, so the CA would reject every token; set at least one",
    ],
    [
      config.trustedNodeAccount.length > 0 && kubernetesApi === undefined,
      "--trusted-node-account: requires Kubernetes to look pods up; set --kubernetes-api",
    ],
  ];
  return problems.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
}

/**
 * A problem must not quote a URL that contains a password, so the cross-checks report it without its text.
 */
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
