import { CaError, type CaErrorCode } from "../errors.ts";
import type { Authenticator, CallCredentials, Caller, CredentialFacts } from "../issuance/ports.ts";
import { type BearerToken, readBearerToken } from "./bearer-token.ts";
import type { ClientCertificateAuthenticator } from "./client-certificate.ts";
import type { TokenAuthenticator } from "./token-authenticator.ts";

export interface CallerAuthenticatorDeps {
  /** Only the first authenticator that claims a token checks it. */
  readonly tokens: readonly TokenAuthenticator[];
  /** Undefined if client certificates are disabled. */
  readonly certificates: Pick<ClientCertificateAuthenticator, "authenticate"> | undefined;
  readonly onChecked: (kind: CredentialFacts["kind"], verdict: "accepted" | CaErrorCode) => void;
}

type Outcome = Caller | CaError;

/**
 * Authenticates a caller from all credentials it presents. If both are valid, their names must match, and the
 * token counts. If only one is valid, it counts and the other is recorded: an agent recovers from an expired
 * certificate by its token, and from a missing or unverifiable token by its certificate. But a token whose pod was
 * deleted says that the caller should not exist, even if it holds a valid certificate.
 */
export function createCallerAuthenticator(deps: CallerAuthenticatorDeps): Authenticator {
  return {
    async authenticate(credentials) {
      const byToken = await authenticateToken(credentials, deps).catch(refusal);
      return decide(byToken, authenticateCertificate(credentials, deps));
    },
  };
}

/** If neither credential is valid, the refusal of the token counts, because every caller should have one. */
function decide(byToken: Outcome | undefined, byCertificate: Outcome | undefined): Caller {
  if (byToken === undefined && byCertificate === undefined) throw tokenMissing();
  if (byToken instanceof CaError && byToken.code === "CALLER_DELETED") throw byToken;
  if (isCaller(byToken) && isCaller(byCertificate)) return agreed(byToken, byCertificate);
  if (isCaller(byToken)) return withDisregarded(byToken, byCertificate);
  if (isCaller(byCertificate)) return withDisregarded(byCertificate, byToken);
  throw byToken ?? byCertificate;
}

function agreed(byToken: Caller, byCertificate: Caller): Caller {
  if (byToken.spiffeId.equals(byCertificate.spiffeId)) return byToken;
  throw new CaError(
    "CREDENTIALS_CONFLICT",
    "the token and the client certificate identify different workloads",
    {
      expected: "the same SPIFFE ID in both",
      seen: `${byToken.spiffeId} in the token, ${byCertificate.spiffeId} in the certificate`,
      fix: "send only the credential for the identity you want",
    },
  );
}

function withDisregarded(caller: Caller, other: Outcome | undefined): Caller {
  return other instanceof CaError ? { ...caller, disregarded: [other.code] } : caller;
}

async function authenticateToken(
  credentials: CallCredentials,
  { tokens, onChecked }: CallerAuthenticatorDeps,
): Promise<Caller | undefined> {
  const token = readBearerToken(credentials);
  if (token === undefined) return undefined;
  const authenticator = selectAuthenticator(token, tokens);
  if (authenticator === undefined) throw tokensDisabled();
  const { kind } = authenticator;
  try {
    const caller = await authenticator.authenticate(token);
    onChecked(kind, "accepted");
    return caller;
  } catch (error) {
    if (error instanceof CaError) onChecked(kind, error.code);
    throw error;
  }
}

/**
 * If no authenticator claims a token, the first one refuses it with the most helpful message. A single
 * authenticator is not asked whether it claims the token: for an unknown issuer that costs as much as the
 * check itself.
 */
function selectAuthenticator(
  token: BearerToken,
  tokens: readonly TokenAuthenticator[],
): TokenAuthenticator | undefined {
  const [first] = tokens;
  return tokens.length === 1 ? first : (tokens.find((each) => each.checks(token)) ?? first);
}

function authenticateCertificate(
  credentials: CallCredentials,
  { certificates, onChecked }: CallerAuthenticatorDeps,
): Outcome | undefined {
  if (certificates === undefined || credentials.peerCertificates.length === 0) return undefined;
  try {
    const caller = certificates.authenticate(credentials);
    onChecked("client-certificate", "accepted");
    return caller;
  } catch (error) {
    const refused = refusal(error);
    onChecked("client-certificate", refused.code);
    return refused;
  }
}

/** A refusal as a value, to be compared with the other credential. An internal error ends the call. */
function refusal(error: unknown): CaError {
  if (error instanceof CaError) return error;
  throw error;
}

function isCaller(outcome: Outcome | undefined): outcome is Caller {
  return outcome !== undefined && !(outcome instanceof CaError);
}

function tokenMissing(): CaError {
  return new CaError("TOKEN_MISSING", "the call has no token", {
    expected: "the header authorization: Bearer <token>",
    fix: "mount a service account token and send it",
  });
}

function tokensDisabled(): CaError {
  return new CaError("TOKEN_REJECTED", "this CA authenticates callers only by client certificate", {
    fix: "use your workload certificate as the TLS client certificate",
  });
}
