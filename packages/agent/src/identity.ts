import { parseSpiffeId, parseWorkloadName, SpiffeId, type TrustDomain, type WorkloadName } from "@kasbah/pki";
import { AgentError } from "./errors.ts";

/** What the configuration says of our name; the token says the rest. */
export interface IdentityOptions {
  readonly trustDomain: TrustDomain;
  readonly namespace: string | undefined;
  readonly serviceAccount: string | undefined;
}

/**
 * Our SPIFFE ID. The token's `sub` is read without verifying it, since it only saves configuration: the CA decides by
 * the verified token, and its reply must carry the name found here. Throws CONFIG_INVALID when configuration and token
 * disagree, TOKEN_UNREADABLE when neither gives a whole name.
 */
export function resolveIdentity(token: string, options: IdentityOptions, shown?: SpiffeId): SpiffeId {
  const named = nameOf(token, options, shown);
  if (shown !== undefined && !shown.equals(named)) throw otherThanShown(named, shown);
  return named;
}

/** Our SPIFFE ID by a certificate alone. Throws CONFIG_INVALID when the configuration says another. */
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

function nameOf(token: string, options: IdentityOptions, shown: SpiffeId | undefined): SpiffeId {
  const subject = parseTokenSubject(token);
  const namespace = agreed("namespace", options.namespace, subject?.namespace);
  const serviceAccount = agreed("service account", options.serviceAccount, subject?.serviceAccount);
  if (namespace === undefined || serviceAccount === undefined) {
    if (shown !== undefined) return identityOfCertificate(shown, options);
    const fix = "give --namespace and --service-account, or mount a Kubernetes service account token";
    throw new AgentError("TOKEN_UNREADABLE", `the token names no service account; ${fix}`);
  }
  return SpiffeId.forWorkload(options.trustDomain, parseWorkloadName(namespace, serviceAccount));
}

/** What a SPIFFE ID in its one spelling names: a workload or a whole trust domain (SPIFFE ID §2); undefined for any other text. */
export function spiffeKindOf(name: string): "workload" | "trust-domain" | undefined {
  if (!name.startsWith("spiffe://")) return undefined;
  const id = spiffeIdIn(name);
  if (id?.toString() !== name) return undefined;
  return name === `spiffe://${id.trustDomain.name}` ? "trust-domain" : "workload";
}

/** True for a SPIFFE ID, in its one spelling, that {@link resolveIdentity} could give with some token. */
export function mayBeOurs(name: string, options: IdentityOptions): boolean {
  // To parse what is none costs an error with its stack, and clients choose the names.
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
    const message = `the ${what} is "${inToken}" in the token and "${configured}" in ${flag}; drop ${flag} or mount the right token`;
    throw new AgentError("CONFIG_INVALID", message);
  }
  return configured ?? inToken;
}

const maxPayloadLength = 16 * 1024;

/** The caller named by an **unverified** Kubernetes token; undefined when it is no such token. */
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

/** When an **unverified** token ends (RFC 7519 §4.1.4); undefined when it does not say. */
export function parseTokenExpiry(token: string): Date | undefined {
  const { exp } = claimsOf(token);
  if (typeof exp !== "number") return undefined;
  const expiry = new Date(exp * 1_000);
  return Number.isNaN(expiry.getTime()) ? undefined : expiry;
}

interface UnverifiedClaims {
  readonly sub?: unknown;
  readonly exp?: unknown;
}

function claimsOf(token: string): UnverifiedClaims {
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
  const fix = "remove one, or drop the flags that say otherwise";
  const message = `the certificate to be shown to the CA is of ${shown}, token and flags say ${named}; ${fix}`;
  return new AgentError("CONFIG_INVALID", message);
}
