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
export function resolveIdentity(token: string, options: IdentityOptions): SpiffeId {
  const subject = parseTokenSubject(token);
  const namespace = agreed("namespace", options.namespace, subject?.namespace);
  const serviceAccount = agreed("service account", options.serviceAccount, subject?.serviceAccount);
  if (namespace === undefined || serviceAccount === undefined) {
    const fix = "give --namespace and --service-account, or mount a Kubernetes service account token";
    throw new AgentError("TOKEN_UNREADABLE", `the token names no service account; ${fix}`);
  }
  return SpiffeId.forWorkload(options.trustDomain, parseWorkloadName(namespace, serviceAccount));
}

/** True for a SPIFFE ID, in its one spelling, that {@link resolveIdentity} could give with some token. */
export function mayBeOurs(name: string, options: IdentityOptions): boolean {
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
  const [, payload, signature, ...rest] = token.split(".", 4);
  if (payload === undefined || signature === undefined || rest.length > 0) return undefined;
  if (payload.length > maxPayloadLength) return undefined;
  const subject = subjectIn(Buffer.from(payload, "base64url").toString("utf8"));
  const [system, serviceaccount, namespace, name, ...more] = subject?.split(":", 5) ?? [];
  if (system !== "system" || serviceaccount !== "serviceaccount" || more.length > 0) return undefined;
  if (namespace === undefined || name === undefined) return undefined;
  try {
    return parseWorkloadName(namespace, name);
  } catch {
    return undefined;
  }
}

function subjectIn(json: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(json);
    if (typeof claims !== "object" || claims === null || !("sub" in claims)) return undefined;
    return typeof claims.sub === "string" ? claims.sub : undefined;
  } catch {
    return undefined;
  }
}
