import type { Caller, TokenFacts } from "../issuance/ports.ts";
import type { BearerToken } from "./bearer-token.ts";

/** Authenticates callers by one kind of bearer token. */
export interface TokenAuthenticator {
  readonly kind: TokenFacts["kind"];
  /** Whether this authenticator checks the token. Exactly one authenticator checks each token. */
  checks(token: BearerToken): boolean;
  /** @throws CaError with the code of the check that failed. */
  authenticate(token: BearerToken): Promise<Caller>;
}
