import type { Caller, TokenFacts } from "../issuance/ports.ts";
import type { BearerToken } from "./bearer-token.ts";

/** One way of knowing a caller by a bearer token. */
export interface TokenAuthenticator {
  readonly kind: TokenFacts["kind"];
  /** Whether this token is for it to judge: exactly one authenticator judges a token. */
  judges(token: BearerToken): Promise<boolean>;
  /** @throws CaError with the code of the check that failed. */
  authenticate(token: BearerToken): Promise<Caller>;
}
