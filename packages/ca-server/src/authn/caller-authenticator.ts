import { CaError, type CaErrorCode } from "../errors.ts";
import type { Authenticator, Caller, CredentialFacts, Credentials } from "../issuance/ports.ts";
import { type BearerToken, readBearerToken } from "./bearer-token.ts";
import type { ClientCertificateAuthenticator } from "./client-certificate.ts";
import type { TokenAuthenticator } from "./token-authenticator.ts";

export interface CallerAuthenticatorDeps {
  /** The first that judges a token decides about it; none after it is asked. */
  readonly tokens: readonly TokenAuthenticator[];
  /** Undefined when certificates do not count. */
  readonly certificates: Pick<ClientCertificateAuthenticator, "authenticate"> | undefined;
  readonly onJudged: (kind: CredentialFacts["kind"], verdict: "accepted" | CaErrorCode) => void;
}

type Verdict = Caller | CaError;

/**
 * Knows a caller by all that it presents, in a fixed order: the token, then the certificate.
 *
 * - Both good: they must be for one name, else CREDENTIALS_CONFLICT; the token counts.
 * - One good: it counts, and the other is put on record. An agent whose certificate has ended recovers by its token, one
 *   whose token has gone (a virtual machine) or cannot be judged now by its certificate.
 * - None good: the refusal of the token, which every caller should have; else that of the certificate.
 */
export function createCallerAuthenticator(deps: CallerAuthenticatorDeps): Authenticator {
  return {
    async authenticate(credentials) {
      const byToken = await verdictOf(() => authenticateToken(credentials, deps));
      const byCertificate = await verdictOf(async () => authenticateCertificate(credentials, deps));
      return decide(byToken, byCertificate);
    },
  };
}

function decide(byToken: Verdict | undefined, byCertificate: Verdict | undefined): Caller {
  if (byToken === undefined && byCertificate === undefined) throw missing();
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

function withDisregarded(caller: Caller, other: Verdict | undefined): Caller {
  return other instanceof CaError ? { ...caller, disregarded: [other.code] } : caller;
}

async function authenticateToken(
  credentials: Credentials,
  { tokens, onJudged }: CallerAuthenticatorDeps,
): Promise<Caller | undefined> {
  const token = readBearerToken(credentials);
  if (token === undefined) return undefined;
  const judge = await judgeOf(token, tokens);
  if (judge === undefined) throw noTokens();
  return await counted(judge.kind, () => judge.authenticate(token), onJudged);
}

/**
 * A token that no authenticator claims is for the first to refuse, which knows best how to say so. An only one is not
 * asked whether it judges: for a token of no known issuer, the question costs as much as the judgement.
 */
async function judgeOf(
  token: BearerToken,
  tokens: readonly TokenAuthenticator[],
): Promise<TokenAuthenticator | undefined> {
  const [first, ...others] = tokens;
  if (others.length === 0) return first;
  for (const each of tokens) if (await each.judges(token)) return each;
  return first;
}

async function authenticateCertificate(
  credentials: Credentials,
  { certificates, onJudged }: CallerAuthenticatorDeps,
): Promise<Caller | undefined> {
  if (certificates === undefined || credentials.peerCertificates.length === 0) return undefined;
  return await counted("client-certificate", async () => certificates.authenticate(credentials), onJudged);
}

async function counted(
  kind: CredentialFacts["kind"],
  judge: () => Promise<Caller>,
  onJudged: CallerAuthenticatorDeps["onJudged"],
): Promise<Caller> {
  try {
    const caller = await judge();
    onJudged(kind, "accepted");
    return caller;
  } catch (error) {
    if (error instanceof CaError) onJudged(kind, error.code);
    throw error;
  }
}

/** Refusals become values, so that they can be weighed; faults of ours end the call. */
async function verdictOf(judge: () => Promise<Caller | undefined>): Promise<Verdict | undefined> {
  try {
    return await judge();
  } catch (error) {
    if (error instanceof CaError) return error;
    throw error;
  }
}

function isCaller(verdict: Verdict | undefined): verdict is Caller {
  return verdict !== undefined && !(verdict instanceof CaError);
}

function missing(): CaError {
  return new CaError("TOKEN_MISSING", "the call has no token", {
    expected: "the header authorization: Bearer <token>",
    fix: "mount a service account token and send it",
  });
}

function noTokens(): CaError {
  return new CaError("TOKEN_REJECTED", "this CA authenticates callers only by client certificate", {
    fix: "use your workload certificate as the TLS client certificate",
  });
}
