import type { SpiffeId } from "@kasbah/pki";
import type { Secret } from "@kasbah/runtime";
import { AgentError } from "../../errors.ts";
import { type IdentityOptions, identityOfCertificate, resolveIdentity } from "../../identity.ts";

/** A client certificate for the TLS handshake with the CA. */
export interface HeldCertificate {
  readonly spiffeId: SpiffeId;
  /** Leaf first, no root. */
  readonly chainPem: string;
  readonly key: Secret;
}

/** The credentials that authenticate the workload to the CA: a token, a certificate, or both. */
export interface CaCredentials {
  readonly spiffeId: SpiffeId;
  readonly token?: Secret;
  readonly certificate?: HeldCertificate;
}

/** Sources of credentials, read again for each attempt. */
export interface CredentialDeps {
  readonly identity: IdentityOptions;
  /** Throws TOKEN_UNREADABLE, TOKEN_EMPTY or TOKEN_EXPIRED. */
  readToken(): Promise<Secret>;
  /** The certificate of `--prov-cert`; undefined if none is currently valid. */
  readProvided?(): Promise<HeldCertificate | undefined>;
  /** The workload's own certificate while it is valid; absent if `--token-only` is set. */
  current?(): HeldCertificate | undefined;
}

/**
 * Returns the token, if usable, with the provided certificate, if any. Without a token, returns the provided
 * certificate or the workload's own, so that a pod with a broken token volume can keep renewing. Throws the
 * token's error if no credential is left, CONFIG_INVALID if the credentials have different names.
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
