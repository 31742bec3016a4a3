import { parseSpiffeId, parseWorkloadName, SpiffeId, type TrustDomain, type WorkloadName } from "@kasbah/pki";
import { AgentError } from "./errors.ts";

/** The configured parts of the workload's identity; the token provides the rest. */
export interface IdentityOptions {
  readonly trustDomain: TrustDomain;
  readonly namespace: string | undefined;
  readonly serviceAccount: string | undefined;
}

/**
 * Returns the workload's SPIFFE ID. The token's `sub` is read without verification, which only saves
 * configuration: the CA decides from the verified token, and its reply must contain this name. Throws
 * CONFIG_INVALID if configuration and token disagree, TOKEN_UNREADABLE if the name is incomplete.
 */
export function resolveIdentity(token: string, options: IdentityOptions, shown?: SpiffeId): SpiffeId {
  const named = resolveName(token, options, shown);
  if (shown !== undefined && !shown.equals(named)) throw otherThanShown(named, shown);
  return named;
}

/** Returns the SPIFFE ID of a certificate. Throws CONFIG_INVALID if the configuration contradicts it. */
export function identityOfCertificate(shown: SpiffeId, options: IdentityOptions): SpiffeId {
  const { trustDomain, namespace, serviceAccount } = options;
  const own = shown.workload;
  const isOurs =
    shown.trustDomain.equals(trustDomain) &&
    (namespace ?? own?.namespace) === own?.namespace &&
    (serviceAccount ?? own?.serviceAccount) === own?.serviceAccount;
  if (!isOurs) throw otherThanShown(`${trustDomain}, ${namespace ?? "*"}/${serviceAccount ?? "*"}`, shown);
  return shown;
}

function resolveName(token: string, options: IdentityOptions, shown: SpiffeId | undefined): SpiffeId {
  const subject = parseTokenSubject(token);
  const namespace = agreed("namespace", options.namespace, subject?.namespace);
  const serviceAccount = agreed("service account", options.serviceAccount, subject?.serviceAccount);
  if (namespace === undefined || serviceAccount === undefined) {
    if (shown !== undefined) return identityOfCertificate(shown, options);
    const fix = "set --namespace and --service-account, or mount a Kubernetes service account token";
    throw new AgentError("TOKEN_UNREADABLE", `the token does not name a service account; ${fix}`);
  }
  return SpiffeId.forWorkload(options.trustDomain, parseWorkloadName(namespace, serviceAccount));
}

/** Returns the kind of a canonical SPIFFE ID (SPIFFE ID §2); undefined for any other text. */
export function spiffeKindOf(name: string): "workload" | "trust-domain" | undefined {
  if (!name.startsWith("spiffe://")) return undefined;
  const id = spiffeIdIn(name);
  if (id?.toString() !== name) return undefined;
  return name === `spiffe://${id.trustDomain.name}` ? "trust-domain" : "workload";
}

/** Whether `name` is a canonical SPIFFE ID that {@link resolveIdentity} could return for some token. */
export function mayBeOurs(name: string, options: IdentityOptions): boolean {
  // Clients choose the names, and parsing an invalid one costs an error with its stack.
  if (!name.startsWith("spiffe://")) return false;
  const id = spiffeIdIn(name);
  if (id?.workload === undefined || id.toString() !== name || !id.trustDomain.equals(options.trustDomain))
    return false;
  const { namespace, serviceAccount } = id.workload;
  return (
    namespace === (options.namespace ?? namespace) &&
    serviceAccount === (options.serviceAccount ?? serviceAccount)
  );
}

function spiffeIdIn(name: string): SpiffeId | undefined {
  try {
    return parseSpiffeId(name);
  } catch {
    return undefined;
  }
}

function agreed(
  what: string,
  configured: string | undefined,
  inToken: string | undefined,
): string | undefined {
  if (configured !== undefined && inToken !== undefined && configured !== inToken) {
    const flag = `--${what.replace(" ", "-")}`;
    const message = `the ${what} is "${inToken}" in the token but "${configured}" in ${flag}; remove ${flag} or mount the right token`;
    throw new AgentError("CONFIG_INVALID", message);
  }
  return configured ?? inToken;
}

const maxPayloadLength = 16 * 1024;

/** Returns the service account in an **unverified** Kubernetes token; undefined for any other token. */
export function parseTokenSubject(token: string): WorkloadName | undefined {
  const { sub } = claimsOf(token);
  const [system, serviceaccount, namespace, name, ...more] = typeof sub === "string" ? sub.split(":", 5) : [];
  if (system !== "system" || serviceaccount !== "serviceaccount" || more.length > 0) return undefined;
  if (namespace === undefined || name === undefined) return undefined;
  try {
    return parseWorkloadName(namespace, name);
  } catch {
    return undefined;
  }
}

/** Returns the expiry of an **unverified** token (RFC 7519 §4.1.4); undefined if it has none. */
export function parseTokenExpiry(token: string): Date | undefined {
  const { exp } = claimsOf(token);
  if (typeof exp !== "number") return undefined;
  const expiry = new Date(exp * 1_000);
  return Number.isNaN(expiry.getTime()) ? undefined : expiry;
}

interface UnverifiedClaims {
  readonly iss?: unknown;
  readonly aud?: unknown;
  readonly sub?: unknown;
  readonly exp?: unknown;
  readonly iat?: unknown;
  readonly nbf?: unknown;
}

/** Returns the claims of an **unverified** token; none if it is not a JWT of reasonable size. */
export function claimsOf(token: string): UnverifiedClaims {
  const [, payload, signature, ...rest] = token.split(".", 4);
  if (payload === undefined || signature === undefined || rest.length > 0) return {};
  if (payload.length > maxPayloadLength) return {};
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

function otherThanShown(named: SpiffeId | string, shown: SpiffeId): AgentError {
  const fix = "remove one of them, or the flags that contradict the certificate";
  const message = `the client certificate for the CA has the SPIFFE ID ${shown}, but token and flags have ${named}; ${fix}`;
  return new AgentError("CONFIG_INVALID", message);
}
