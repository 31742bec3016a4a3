import { parseTrustDomain } from "@kasbah/pki";
import { FakeClock } from "@kasbah/testkit";
import { createCallerAuthenticator } from "../../../packages/ca-server/src/authn/caller-authenticator.ts";
import {
  parseVerificationKeys,
  tokenAlgorithms,
} from "../../../packages/ca-server/src/authn/jwks/key-set.ts";
import { memoryKeys } from "../../../packages/ca-server/src/authn/jwks/memory-keys.fixture.ts";
import { JwksTokenAuthenticator } from "../../../packages/ca-server/src/authn/jwks/token.ts";
import { jwksText } from "./keys.ts";
import { audience, issuer, now } from "./minting.ts";

/** The caller's identity, or the error with which it is refused. */
export type Seen = { readonly accepted: string } | { readonly error: unknown };

/** The CA's own path from header values to an identity, with the issuer's key set in memory. */
export function openJudge(): (authorization: readonly string[]) => Promise<Seen> {
  const keys = memoryKeys(parseVerificationKeys(jwksText()));
  const tokens = new JwksTokenAuthenticator({
    issuers: [{ issuer, audiences: [audience], keys, algorithms: tokenAlgorithms }],
    trustDomain: parseTrustDomain("cluster.local"),
    clock: new FakeClock(now),
  });
  const authenticator = createCallerAuthenticator({
    tokens: [tokens],
    certificates: undefined,
    onChecked: () => undefined,
  });
  return async (authorization) => {
    try {
      const { spiffeId } = await authenticator.authenticate({ authorization, peerCertificates: [] });
      return { accepted: spiffeId.toString() };
    } catch (error) {
      return { error };
    }
  };
}
