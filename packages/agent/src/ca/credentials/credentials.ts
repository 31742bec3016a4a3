import type { SpiffeId } from "@kasbah/pki";
import type { Secret } from "@kasbah/runtime";
import { AgentError } from "../../errors.ts";
import { type IdentityOptions, identityOfCertificate, resolveIdentity } from "../../identity.ts";

/** A certificate that we may show in a TLS handshake. */
export interface HeldCertificate {
  readonly spiffeId: SpiffeId;
  /** Leaf first, no root. */
  readonly chainPem: string;
  readonly key: Secret;
}

/** What proves to the CA who we are: a token, a certificate, or both. */
export interface CaCredentials {
  readonly spiffeId: SpiffeId;
  readonly token?: Secret;
  readonly certificate?: HeldCertificate;
}

/** Where credentials come from; each is asked anew for each attempt. */
export interface CredentialDeps {
  readonly identity: IdentityOptions;
  /** Throws TOKEN_UNREADABLE, TOKEN_EMPTY or TOKEN_EXPIRED. */
  readToken(): Promise<Secret>;
  /** The certificate of `--prov-cert`; undefined when there is none that is good now. */
  readProvided?(): Promise<HeldCertificate | undefined>;
  /** Our own, while it lives; absent where it may not be used. */
  current?(): HeldCertificate | undefined;
}

/**
 * The token if it can be used, with the provided certificate if there is one. Without a token the provided certificate stands
 * alone, or our own current one: a pod whose token volume has failed goes on for as long as the CA allows. Throws the
 * token's error when nothing is left, and CONFIG_INVALID when the credentials are of different names.
 */
export async function gatherCredentials(sources: CredentialDeps): Promise<CaCredentials> {
  const { identity } = sources;
  const provided = await sources.readProvided?.();
  const token = await tokenOrError(sources);
  if (!(token instanceof AgentError)) {
    const spiffeId = resolveIdentity(token.reveal(), identity, provided?.spiffeId);
    return { spiffeId, token, ...(provided === undefined ? {} : { certificate: provided }) };
  }
  const certificate = provided ?? sources.current?.();
  if (certificate === undefined) throw token;
  return { spiffeId: identityOfCertificate(certificate.spiffeId, identity), certificate };
}

async function tokenOrError(sources: CredentialDeps): Promise<Secret | AgentError> {
  try {
    return await sources.readToken();
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
}
